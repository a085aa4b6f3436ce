-- One row is a minute in which polls were planned or that was recovered: the outcomes of the polls, and the share of the
-- sent signals that was seen.
--
-- A run rebuilds only the minutes in which a new load has polls or signals, however old they are. Where
-- several machines captured, the best poll of a tick counts.
{{ config(
    materialized='incremental',
    unique_key='minuto',
    on_schema_change='fail',
    indexes=indexes([{'columns': ['minuto']}, {'columns': ['load_id']}]),
    pre_hook="{{ plan_for_many_rows() }}"
) }}

{% set desde -%}
    {% if is_incremental() %}where {{ newer_loads(this) }}{% endif %}
{%- endset %}

with novos as (
    select
        {{ minute_of('tick') }} as minuto,
        load_id
    from {{ ref('stg_brt__polls') }}
    {{ desde }}
    union all
    select
        {{ minute_of('datahora') }} as minuto,
        load_id
    from {{ ref('stg_brt__sinais') }}
    {{ desde }}
),

minutos as (
    select
        minuto,
        max(load_id) as load_id
    from novos
    group by minuto
),

-- Minutes in which nothing was planned have no row.
ticks as (
    select
        minutos.minuto,
        polls.tick,
        -- Null without a poll: the minute was recovered from before the capture began.
        max(
            case polls.status when 'ok' then 3 when 'late' then 2 when 'failed' then 1 when 'missed' then 0 end
        ) as resultado,
        sum(polls.signals) as sinais_novos,
        sum(case when polls.status = 'recovered' then polls.signals else 0 end) as sinais_recuperados
    from minutos
    {{ join_of_the_minute(ref('stg_brt__polls'), 'polls', ['tick', 'status', 'signals'], 'tick', 'minutos.minuto') }}
    group by minutos.minuto, polls.tick
),

consultas as (
    select
        minuto,
        count(resultado) as consultas_previstas,
        sum(case when resultado >= 2 then 1 else 0 end) as consultas_boas,
        sum(case when resultado = 2 then 1 else 0 end) as consultas_atrasadas,
        sum(case when resultado = 1 then 1 else 0 end) as consultas_com_falha,
        sum(case when resultado = 0 then 1 else 0 end) as consultas_perdidas,
        sum(sinais_novos) as sinais_novos,
        sum(sinais_recuperados) as sinais_recuperados
    from ticks
    group by minuto
),

-- A recovered signal is as old as its recovery is late, which says nothing of the feed.
vistos as (
    select
        consultas.minuto,
        sinais.codigo,
        sinais.ignicao,
        case when sinais.origem = 'recuperado' then null else -sinais.adiantamento_segundos end as idade_segundos
    from consultas
    {{ join_of_the_minute(
        ref('stg_brt__sinais'), 'sinais', ['codigo', 'ignicao', 'origem', 'adiantamento_segundos'], 'datahora',
        'consultas.minuto'
    ) }}
),

sinais as (
    select
        sinais.minuto,
        count(*) as sinais_do_minuto,
        sum(sinais.ignicao) as sinais_ligados,
        count(distinct case when sinais.ignicao = 1 then sinais.codigo end) as veiculos_ligados,
        percentile_cont(0.5) within group (order by sinais.idade_segundos) as idade_mediana_segundos,
        percentile_cont(0.95) within group (order by sinais.idade_segundos) as idade_p95_segundos
    from vistos as sinais
    group by sinais.minuto
),

final as (
    select
        consultas.minuto,
        cast(consultas.consultas_previstas as integer) as consultas_previstas,
        cast(consultas.consultas_boas as integer) as consultas_boas,
        cast(consultas.consultas_atrasadas as integer) as consultas_atrasadas,
        cast(consultas.consultas_com_falha as integer) as consultas_com_falha,
        cast(consultas.consultas_perdidas as integer) as consultas_perdidas,
        cast(consultas.sinais_novos as integer) as sinais_novos,
        cast(consultas.sinais_recuperados as integer) as sinais_recuperados,
        cast(coalesce(sinais.sinais_do_minuto, 0) as integer) as sinais_do_minuto,
        cast(coalesce(sinais.veiculos_ligados, 0) as integer) as veiculos_ligados,
        cast(
            sinais.sinais_ligados * cast({{ var('segundos_entre_sinais') }} as double precision)
            / nullif(60 * sinais.veiculos_ligados, 0)
            as double precision
        ) as fracao_recuperada,
        cast(sinais.idade_mediana_segundos as double precision) as idade_mediana_segundos,
        cast(sinais.idade_p95_segundos as double precision) as idade_p95_segundos,
        minutos.load_id,
        {{ derived_by() }} as derived_by
    from consultas
    inner join minutos on consultas.minuto = minutos.minuto
    left join sinais on consultas.minuto = sinais.minuto
)

select * from final
