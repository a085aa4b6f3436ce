-- One row is a signal of a vehicle on the part of a service day that is rebuilt: the input of the search for trips.
--
-- Where a day is not rebuilt from its beginning, the earlier signals that matter to the rest are included. Signals
-- whose position or stamp cannot be true are left out.

{% set colunas = [
    'servico', 'velocidade_instantanea', 'flag_em_movimento', 'direcao', 'latitude', 'longitude', 'distancia',
    'desvio_ida_m', 'distancia_ida_m', 'desvio_volta_m', 'distancia_volta_m'
] %}

{% set valido = 'not flag_fora_da_area and not flag_futuro' %}

with sinais as (
    {% if changed_days_only() %}
    select
        dias.id_veiculo,
        dias.dia_operacao,
        dias.veiculo_dia,
        do_dia.*
    from {{ ref('int_viagens__dias') }} as dias
    cross join lateral (
        select
            timestamp_gps,
            {{ colunas | join(',\n            ') }}
        from {{ ref('gps_brt') }} as gps
        where
            {{ valido }}
            and gps.id_veiculo = dias.id_veiculo
            and gps.timestamp_gps >= coalesce(
                {{ moment_of('dias.corte - ' ~ (var('viagem_silencio_segundos') + 2 * var('viagem_vizinho_segundos'))) }},
                {{ service_day_start('dias.dia_operacao') }}
            )
            and gps.timestamp_gps >= {{ service_day_start('dias.dia_operacao') }}
            and gps.timestamp_gps < {{ service_day_start(days_after('dias.dia_operacao', 1)) }}
        {{ join_one_by_one() }}
    ) as do_dia
    {% else %}
    select
        dias.id_veiculo,
        dias.dia_operacao,
        dias.veiculo_dia,
        gps.timestamp_gps,
        gps.{{ colunas | join(',\n        gps.') }}
    from {{ ref('gps_brt') }} as gps
    inner join {{ ref('int_viagens__dias') }} as dias
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
        row_number() over dia as ordem,
        {{ epoch_seconds('lag(timestamp_gps) over dia') }} as segundo_anterior,
        {{ epoch_seconds('lead(timestamp_gps) over dia') }} as segundo_seguinte,
        servico,
        velocidade_instantanea as velocidade,
        coalesce(flag_em_movimento, false) as em_movimento,
        radians({{ heading('direcao', 'velocidade_instantanea') }}) as rumo,
        {{ east_m('longitude') }} as leste_m,
        {{ north_m('latitude') }} as norte_m,
        coalesce(distancia, 0) as distancia_m,
        desvio_ida_m,
        distancia_ida_m,
        desvio_volta_m,
        distancia_volta_m
    from sinais
    window dia as (partition by veiculo_dia order by timestamp_gps)
)

select * from final
