{% macro signals_before_their_label() -%}
{#- The CTEs of the signals sent shortly before the label changes, with the path of the next one: `atrasados`. -#}
-- One row is a change of label, with the second of the change before it.
mudancas as (
    select
        veiculo_dia,
        servico,
        segundo as muda_em,
        coalesce(lag(segundo) over (partition by veiculo_dia order by segundo), 0) as desde
    from {{ ref('int_viagens__sinais') }}
    where coalesce(servico, '') != coalesce(servico_anterior, '')
),

antes as (
    select
        sinais.veiculo_dia,
        sinais.segundo,
        sinais.velocidade,
        sinais.rumo,
        sinais.leste_m,
        sinais.norte_m,
        mudancas.servico as servico_seguinte
    from {{ ref('int_viagens__sinais') }} as sinais
    inner join mudancas
        on
            sinais.veiculo_dia = mudancas.veiculo_dia
            and sinais.segundo >= mudancas.desde
            and sinais.segundo < mudancas.muda_em
            and sinais.segundo >= mudancas.muda_em - {{ var('viagem_rotulo_atrasado_s') }}
    {{ join_first() }}
),

atrasados as (
    select
        rotulos.percurso,
        antes.segundo,
        antes.velocidade,
        antes.rumo,
        antes.leste_m as sinal_leste_m,
        antes.norte_m as sinal_norte_m,
        {{ cell('antes.leste_m', 'antes.norte_m') }} as celula,
        rotulos.inicio_do_dia,
        rotulos.linha,
        rotulos.sentido
    from antes
    inner join {{ ref('int_viagens__rotulos') }} as rotulos
        on antes.veiculo_dia = rotulos.veiculo_dia and antes.servico_seguinte = rotulos.linha
    {{ join_first() }}
)
{%- endmacro %}
