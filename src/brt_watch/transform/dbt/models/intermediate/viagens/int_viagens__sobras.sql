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
        veiculo_dia,
        segundo,
        0 as abertas
    from {{ ref('int_viagens__sinais') }}
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
        ) as andou_m
    from somadas
    inner join {{ ref('int_viagens__sinais') }} as sinais
        on
            somadas.veiculo_dia = sinais.veiculo_dia
            and somadas.segundo = sinais.segundo
    inner join {{ ref('int_viagens__dias') }} as dias on sinais.veiculo_dia = dias.veiculo_dia
    where
        somadas.abertas = 0
        and somadas.dentro <= 0
        and sinais.segundo > coalesce(ceil(dias.chegada_do_corte), 0)
),

final as (
    select
        veiculo_dia,
        id_veiculo,
        dia_operacao,
        bloco,
        segundo,
        servico,
        velocidade,
        rumo,
        leste_m,
        norte_m,
        {{ cell('leste_m', 'norte_m') }} as celula
    from fora
    where andou_m >= {{ var('viagem_minimo_m') }} and (em_movimento or velocidade > 3)
)

select * from final
