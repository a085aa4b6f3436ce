-- One row is a line as of the newest good poll: its vehicles in service, their speed, and how evenly they are spaced.
--
-- Vehicles standing at a terminal or in a garage do not count towards the spacing; a path with only a few vehicles has none.
{{ config(materialized='view') }}

with em_servico as (
    select *
    from {{ ref('veiculos_agora') }}
    where em_servico
),

contados as (
    select
        linha,
        count(*) as veiculos,
        sum(case when status = 'Parado terminal' then 1 else 0 end) as parados,
        {{ median_moving_kmh('velocidade') }} as velocidade_mediana,
        {{ percentile(0.5, 'idade_segundos') }} as idade_mediana
    from em_servico
    group by linha
),

no_trajeto as (
    select
        linha,
        coalesce(sentido_estimado, sentido) as sentido,
        progresso_m
        - lag(progresso_m) over (partition by linha, coalesce(sentido_estimado, sentido) order by progresso_m) as espaco_m
    from em_servico
    where
        status not in ('Parado terminal', 'Parado garagem')
        and progresso_m is not null
        and coalesce(desvio_m, 0) <= {{ var('viagem_desvio_m') }}
),

espacamentos as (
    select
        linha,
        sentido,
        stddev_pop(espaco_m) / avg(espaco_m) as variacao
    from no_trajeto
    where sentido is not null
    group by linha, sentido
    having count(*) >= {{ var('espacamento_minimo_veiculos') }} and sum(espaco_m) > 0
),

final as (
    select
        contados.linha,
        cast(contados.veiculos as integer) as em_servico,
        cast(contados.parados as integer) as em_terminais,
        cast(contados.veiculos - contados.parados as integer) as em_rota,
        {{ rounded('contados.velocidade_mediana', 1) }} as velocidade_mediana,
        {{ rounded('contados.idade_mediana', 1) }} as idade_mediana_segundos,
        {{ rounded('ida.variacao', 2) }} as regularidade_ida,
        {{ rounded('volta.variacao', 2) }} as regularidade_volta
    from contados
    left join espacamentos as ida on contados.linha = ida.linha and ida.sentido = 'ida'
    left join espacamentos as volta on contados.linha = volta.linha and volta.sentido = 'volta'
)

select * from final
