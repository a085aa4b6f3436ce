-- One row is a signal outside the whole trips on the path of any line near it in one direction, with its advance there.

with dias as (
    select
        dia_operacao,
        {{ service_day_start('dia_operacao') }} as inicio_do_dia
    from (select distinct dia_operacao from {{ ref('int_viagens__sobras') }}) as distintos
),

pes as (
    select
        sinais.id_veiculo,
        sinais.dia_operacao,
        sinais.bloco,
        sinais.segundo,
        sinais.velocidade,
        sinais.leste_m as sinal_leste_m,
        sinais.norte_m as sinal_norte_m,
        case when sinais.servico = trechos.linha then 1 else 0 end as no_rotulo,
        trechos.linha,
        trechos.sentido,
        trechos.inicio_m,
        trechos.comprimento_m,
        trechos.leste_m,
        trechos.norte_m,
        trechos.delta_leste_m,
        trechos.delta_norte_m,
        case
            when sin(sinais.rumo) * trechos.delta_leste_m + cos(sinais.rumo) * trechos.delta_norte_m < 0
                then {{ var('mesmo_lugar_m') }}
            else 0
        end as contra_m,
        {{ share_of_piece('sinais.leste_m', 'sinais.norte_m', 'trechos') }} as fracao
    from {{ ref('int_viagens__sobras') }} as sinais
    inner join dias on sinais.dia_operacao = dias.dia_operacao
    inner join {{ ref('int_rede__celulas_trechos') }} as trechos
        on
            {{ cell('sinais.leste_m', 'sinais.norte_m') }} = trechos.celula
            and dias.inicio_do_dia >= trechos.vale_de
            and dias.inicio_do_dia < trechos.vale_ate
    -- Only pieces that come near some point of the square.
    where trechos.do_centro_m <= {{ var('viagem_desvio_m') }} + {{ var('lado_da_celula_m') }} * 0.7072
),

medidos_dos_pes as (
    select
        pes.*,
        {{ metres_from_piece('sinal_leste_m', 'sinal_norte_m', 'pes', 'fracao') }} as desvio_m
    from pes
),

ordenados as (
    select
        id_veiculo,
        dia_operacao,
        bloco,
        segundo,
        velocidade,
        no_rotulo,
        linha,
        sentido,
        inicio_m + fracao * comprimento_m as metros,
        row_number() over (
            partition by id_veiculo, dia_operacao, segundo, linha, sentido
            order by desvio_m + contra_m, inicio_m
        ) as ordem
    from medidos_dos_pes
    where desvio_m <= {{ var('viagem_desvio_m') }}
),

lugares as (
    select *
    from ordenados
    where ordem = 1
),

{{ advances('lugares') }},

final as (
    select
        id_veiculo,
        dia_operacao,
        bloco,
        linha,
        sentido,
        segundo,
        metros,
        velocidade,
        no_rotulo,
        inicio
    from avancos
)

select * from final
