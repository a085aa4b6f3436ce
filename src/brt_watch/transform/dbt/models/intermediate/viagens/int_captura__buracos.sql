-- One row is a gap in the capture on a service day that is rebuilt: too long without a good poll or a recovered minute; or a
-- minute that was recovered.
with momentos as (
    select distinct
        {{ service_day('tick') }} as dia_operacao,
        tick
    from {{ ref('stg_brt__polls') }}
    where status in ('ok', 'late') and {{ near_changed_service_days('tick') }}
),

recuperados as (
    select distinct
        {{ service_day('tick') }} as dia_operacao,
        tick as de,
        tick + {{ seconds(60) }} as ate
    from {{ ref('stg_brt__polls') }}
    where status = 'recovered' and {{ near_changed_service_days('tick') }}
),

conhecidos as (
    select
        dia_operacao,
        tick
    from momentos
    union all
    select
        dia_operacao,
        de as tick
    from recuperados
    union all
    select
        dia_operacao,
        ate as tick
    from recuperados
),

seguintes as (
    select
        dia_operacao,
        tick as de,
        lead(tick) over (order by tick) as ate
    from conhecidos
    where dia_operacao in {{ changed_service_days() }}
),

final as (
    select
        dia_operacao,
        de,
        ate,
        false as recuperado
    from seguintes
    where {{ seconds_between('de', 'ate') }} > {{ var('intervalo_buraco_segundos') }}
    union all
    select
        dia_operacao,
        de,
        ate,
        true as recuperado
    from recuperados
    where dia_operacao in {{ changed_service_days() }}
)

select * from final
