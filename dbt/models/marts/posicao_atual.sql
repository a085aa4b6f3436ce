-- One row is a vehicle: its most recent signal.
--
-- A run costs what was loaded since the last one: it compares the new signals of a vehicle with the one row that the
-- vehicle has here, and never looks at the history. A late load with older signals therefore changes nothing.
{{ config(materialized='incremental', unique_key='codigo', on_schema_change='fail') }}

{% set colunas -%}
        codigo,
        placa,
        linha,
        latitude,
        longitude,
        datahora,
        velocidade,
        sentido,
        trajeto,
        hodometro,
        direcao,
        ignicao,
        captured_at,
        load_id,
        adiantamento_segundos
{%- endset %}

with novos as (
    select
        {{ colunas }}
    from {{ ref('stg_brt__sinais') }}
    {% if is_incremental() %}
    where load_id > (select coalesce(max(load_id), 0) from {{ this }})
    {% endif %}
),

candidatos as (
    select
        {{ colunas }}
    from novos
    {% if is_incremental() %}
    union all
    select
        {{ colunas }}
    from {{ this }}
    where codigo in (select codigo from novos)
    {% endif %}
),

ordenados as (
    select
        {{ colunas }},
        row_number() over (
            partition by codigo
            order by
                case when adiantamento_segundos > {{ var('futuro_tolerado_segundos') }} then 1 else 0 end,
                datahora desc
        ) as ordem
    from candidatos
),

final as (
    select
        {{ colunas }}
    from ordenados
    where ordem = 1
)

select * from final
