-- One row is a version of a line, with the moments between which it is valid.
--
-- A version ends with its `valido_ate`, or where the next one begins. The first one also covers the days before it.
with versoes as (
    select
        linha,
        valido_desde,
        valido_ate,
        lead(valido_desde) over (partition by linha order by valido_desde) as seguinte_desde,
        row_number() over (partition by linha order by valido_desde) as numero
    from {{ ref('linhas') }}
),

dias as (
    select
        linha,
        valido_desde,
        case when numero = 1 then cast('1970-01-01' as date) else valido_desde end as primeiro_dia,
        least(
            coalesce(valido_ate, cast('9999-12-30' as date)),
            coalesce({{ days_after('seguinte_desde', -1) }}, cast('9999-12-30' as date))
        ) as ultimo_dia
    from versoes
),

final as (
    select
        linha,
        valido_desde,
        primeiro_dia,
        ultimo_dia,
        {{ service_day_start('primeiro_dia') }} as vale_de,
        {{ service_day_start(days_after('ultimo_dia', 1)) }} as vale_ate
    from dias
)

select * from final
