-- One row is a line in an hour, of the last `linhas_horas` hours; the last of them is that of the newest good poll.
{{ config(materialized='view') }}

with consulta as (
    {{ newest_good_poll() | indent(4) }}
),

sinais as (
    select
        servico as linha,
        id_veiculo,
        velocidade_instantanea,
        {{ hour_of('timestamp_gps') }} as hora
    from {{ ref('gps_brt') }}
    where
        servico is not null
        -- With both bounds Postgres expects few rows, and takes the index.
        and timestamp_gps >= (select {{ hour_of('captured_at') }} - {{ seconds(3600 * (var('linhas_horas') - 1)) }} from consulta)
        and timestamp_gps < (select {{ hour_of('captured_at') }} + {{ seconds(3600) }} from consulta)
),

contados as (
    select
        linha,
        hora,
        count(distinct id_veiculo) as veiculos,
        {{ median_moving_kmh('velocidade_instantanea') }} as velocidade_mediana
    from sinais
    group by linha, hora
),

final as (
    select
        linha,
        hora,
        cast(veiculos as integer) as veiculos,
        {{ rounded('velocidade_mediana', 1) }} as velocidade_mediana
    from contados
)

select * from final
