-- One row is a line in one direction that a vehicle may have driven on a trip between two whole ones.
--
-- Only an advance with the line's label, or one from near the start of the path to near its end, can be a trip: on all other
-- lines that share the road, places need not be looked for.

with percursos as (
    select
        linha,
        sentido,
        primeiro_dia,
        ultimo_dia,
        comprimento_m
    from {{ ref('int_rede__estacoes') }}
    where ordem = estacoes
),

dias as (
    select
        dia_operacao,
        {{ service_day_start('dia_operacao') }} as inicio_do_dia
    from (select distinct dia_operacao from {{ ref('int_viagens__sobras') }}) as distintos
),

pontas as (
    select
        dias.dia_operacao,
        trechos.*,
        percursos.comprimento_m - {{ var('viagem_terminal_m') }} as fim_m
    from dias
    inner join {{ ref('int_rede__celulas_trechos') }} as trechos
        on dias.inicio_do_dia >= trechos.vale_de and dias.inicio_do_dia < trechos.vale_ate
    inner join percursos
        on
            trechos.linha = percursos.linha
            and trechos.sentido = percursos.sentido
            and dias.dia_operacao between percursos.primeiro_dia and percursos.ultimo_dia
    where
        trechos.do_centro_m <= {{ var('viagem_desvio_m') }} + {{ var('lado_da_celula_m') }} * 0.7072
        and (
            trechos.inicio_m <= {{ var('viagem_terminal_m') }}
            or trechos.inicio_m + trechos.comprimento_m >= percursos.comprimento_m - {{ var('viagem_terminal_m') }}
        )
),

pes as (
    select
        sinais.veiculo_dia,
        sinais.id_veiculo,
        sinais.dia_operacao,
        sinais.bloco,
        sinais.segundo,
        sinais.leste_m as sinal_leste_m,
        sinais.norte_m as sinal_norte_m,
        pontas.linha,
        pontas.sentido,
        pontas.inicio_m,
        pontas.comprimento_m,
        pontas.fim_m,
        pontas.leste_m,
        pontas.norte_m,
        pontas.delta_leste_m,
        pontas.delta_norte_m,
        {{ share_of_piece('sinais.leste_m', 'sinais.norte_m', 'pontas') }} as fracao
    from {{ ref('int_viagens__sobras') }} as sinais
    inner join pontas on sinais.celula = pontas.celula and sinais.dia_operacao = pontas.dia_operacao
    {{ join_first() }}
),

de_ponta_a_ponta as (
    select
        veiculo_dia,
        id_veiculo,
        dia_operacao,
        bloco,
        linha,
        sentido
    from pes
    where {{ metres_from_piece('sinal_leste_m', 'sinal_norte_m', 'pes', 'fracao') }} <= {{ var('viagem_desvio_m') }}
    group by veiculo_dia, id_veiculo, dia_operacao, bloco, linha, sentido
    having
        min(case when inicio_m + fracao * comprimento_m <= {{ var('viagem_terminal_m') }} then segundo end)
        < max(case when inicio_m + fracao * comprimento_m >= fim_m then segundo end)
),

rotulos as (
    select distinct
        veiculo_dia,
        id_veiculo,
        dia_operacao,
        bloco,
        servico
    from {{ ref('int_viagens__sobras') }}
),

juntos as (
    select *
    from de_ponta_a_ponta
    union
    select
        rotulos.veiculo_dia,
        rotulos.id_veiculo,
        rotulos.dia_operacao,
        rotulos.bloco,
        percursos.linha,
        percursos.sentido
    from rotulos
    inner join percursos
        on
            rotulos.servico = percursos.linha
            and rotulos.dia_operacao between percursos.primeiro_dia and percursos.ultimo_dia
),

final as (
    select
        row_number() over (order by juntos.veiculo_dia, juntos.bloco, juntos.linha, juntos.sentido) as percurso,
        juntos.*,
        percursos.comprimento_m,
        dias.inicio_do_dia
    from juntos
    inner join dias on juntos.dia_operacao = dias.dia_operacao
    inner join percursos
        on
            juntos.linha = percursos.linha
            and juntos.sentido = percursos.sentido
            and juntos.dia_operacao between percursos.primeiro_dia and percursos.ultimo_dia
)

select * from final
