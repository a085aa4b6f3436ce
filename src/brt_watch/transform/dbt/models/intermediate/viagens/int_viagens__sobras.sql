-- One row is a moving signal outside the whole trips: it may belong to a trip with a late or wrong label, or to a partial one.
--
-- `bloco` counts the signals of whole trips before it: between two of these trips it stays the same.

with marcas as (
    select
        veiculo_dia,
        segundo,
        1 as abertas
    from (select veiculo_dia, floor(partida) as segundo from {{ ref('int_viagens__completas') }}) as partidas
    union all
    select
        veiculo_dia,
        segundo,
        -1 as abertas
    from (select veiculo_dia, ceil(chegada) as segundo from {{ ref('int_viagens__completas') }}) as chegadas
    union all
    select
        sinais.veiculo_dia,
        sinais.segundo,
        0 as abertas
    from {{ ref('int_viagens__sinais') }} as sinais
    inner join {{ ref('int_viagens__dias') }} as dias on sinais.veiculo_dia = dias.veiculo_dia
    where sinais.segundo > coalesce(ceil(dias.chegada_do_corte), 0)
),

somadas as (
    select
        veiculo_dia,
        segundo,
        abertas,
        sum(abertas) over dia as dentro,
        sum(case when abertas = 1 then 1 else 0 end) over dia as bloco
    from marcas
    window dia as (partition by veiculo_dia order by segundo, abertas desc rows unbounded preceding)
),

fora as (
    select
        sinais.*,
        somadas.bloco,
        sum(case when sinais.em_movimento then sinais.distancia_m else 0 end) over (
            partition by sinais.veiculo_dia, somadas.bloco
        ) as andou_m,
        sinais.em_movimento or sinais.velocidade > {{ var('velocidade_limiar_parado_kmh') }} as anda
    from somadas
    inner join {{ ref('int_viagens__sinais') }} as sinais
        on
            somadas.veiculo_dia = sinais.veiculo_dia
            and somadas.segundo = sinais.segundo
    where somadas.abertas = 0 and somadas.dentro <= 0
),

-- Where a bus has just stopped or is about to leave, the standing bus shows when; after a silence it has arrived.
vizinhas as (
    select
        fora.*,
        max(case when anda then segundo end) over (
            partition by veiculo_dia, bloco order by segundo rows unbounded preceding
        ) as andou_em,
        min(case when anda then segundo end) over (
            partition by veiculo_dia, bloco order by segundo desc rows between unbounded preceding and current row
        ) as andara_em
    from fora
    where andou_m >= {{ var('viagem_minimo_m') }}
),

final as (
    select
        veiculo_dia,
        id_veiculo,
        dia_operacao,
        bloco,
        segundo,
        servico,
        sentido_informado,
        velocidade,
        rumo,
        leste_m,
        norte_m,
        {{ cell('leste_m', 'norte_m') }} as celula
    from vizinhas
    where
        segundo - andou_em <= {{ var('viagem_parado_s') }}
        or andara_em - segundo <= {{ var('viagem_parado_s') }}
        or segundo - segundo_anterior > {{ var('viagem_parado_s') }}
)

select * from final
