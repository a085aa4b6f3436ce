-- One row is a signal of a vehicle on a service day of which something has changed: what trips are found from.
--
-- The days of vehicles are derived whole, so that increments give what a full refresh gives. Signals whose position or
-- stamp cannot be true are left out.

{% set colunas = [
    'servico', 'velocidade_instantanea', 'flag_em_movimento', 'direcao', 'latitude', 'longitude', 'distancia',
    'desvio_ida_m', 'distancia_ida_m', 'desvio_volta_m', 'distancia_volta_m'
] %}

{% set valido = 'not flag_fora_da_area and not flag_futuro' %}

{#- Each query reads gps_brt itself: Postgres would write a CTE that is read twice out whole, and scan it for each day. -#}
with mudados as (
    select distinct
        id_veiculo,
        {{ service_day('timestamp_gps') }} as dia_operacao
    from {{ ref('gps_brt') }}
    where {{ valido }}{% if changed_days_only() %} and {{ changed_since_the_last_run() }}{% endif %}
),

-- A number names vehicle and day from here on: numbers sort and join several times faster than texts.
dias as (
    select
        id_veiculo,
        dia_operacao,
        row_number() over (order by id_veiculo, dia_operacao) as veiculo_dia
    from mudados
),

sinais as (
    {% if changed_days_only() %}
    select
        dias.id_veiculo,
        dias.dia_operacao,
        dias.veiculo_dia,
        do_dia.*
    from dias
    cross join lateral (
        select
            timestamp_gps,
            {{ colunas | join(',\n            ') }}
        from {{ ref('gps_brt') }} as gps
        where
            {{ valido }}
            and gps.id_veiculo = dias.id_veiculo
            and gps.timestamp_gps >= {{ service_day_start('dias.dia_operacao') }}
            and gps.timestamp_gps < {{ service_day_start(days_after('dias.dia_operacao', 1)) }}
        {{ join_one_by_one() }}
    ) as do_dia
    {% else %}
    select
        dias.*,
        gps.timestamp_gps,
        gps.{{ colunas | join(',\n        gps.') }}
    from {{ ref('gps_brt') }} as gps
    inner join dias
        on gps.id_veiculo = dias.id_veiculo and {{ service_day('gps.timestamp_gps') }} = dias.dia_operacao
    where {{ valido }}
    {% endif %}
),

final as (
    select
        id_veiculo,
        dia_operacao,
        veiculo_dia,
        {{ epoch_seconds('timestamp_gps') }} as segundo,
        servico,
        velocidade_instantanea as velocidade,
        coalesce(flag_em_movimento, false) as em_movimento,
        case when direcao between 0 and 359 and (direcao > 0 or velocidade_instantanea > 0) then radians(direcao) end as rumo,
        {{ east_m('longitude') }} as leste_m,
        {{ north_m('latitude') }} as norte_m,
        coalesce(distancia, 0) as distancia_m,
        desvio_ida_m,
        distancia_ida_m,
        desvio_volta_m,
        distancia_volta_m
    from sinais
)

select * from final
