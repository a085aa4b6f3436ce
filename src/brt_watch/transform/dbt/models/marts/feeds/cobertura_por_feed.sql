-- One row is a minute in which polls of a further feed were planned: what became of them, and what they brought.
{{ config(enabled=target.type == 'postgres', materialized='view') }}

-- Where several machines captured, a tick is as good as the best of them.
with ticks as (
    select
        feed,
        tick,
        max(case status when 'ok' then 3 when 'late' then 2 when 'failed' then 1 else 0 end) as resultado,
        max(records) as registros,
        sum(signals) as sinais_novos
    from {{ ref('stg_veiculos__polls') }}
    group by feed, tick
),

final as (
    select
        feed,
        {{ minute_of('tick') }} as minuto,
        cast(count(*) as integer) as consultas_previstas,
        cast(sum(case when resultado >= 2 then 1 else 0 end) as integer) as consultas_boas,
        cast(sum(case when resultado = 2 then 1 else 0 end) as integer) as consultas_atrasadas,
        cast(sum(case when resultado = 1 then 1 else 0 end) as integer) as consultas_com_falha,
        cast(sum(case when resultado = 0 then 1 else 0 end) as integer) as consultas_perdidas,
        cast(max(registros) as integer) as veiculos_na_resposta,
        cast(sum(sinais_novos) as integer) as sinais_novos
    from ticks
    group by feed, {{ minute_of('tick') }}
)

select * from final
