{% macro movement(signals) -%}
{#- A query for gps_brt. One row is a row of `signals` compared with those of the same vehicle in the hour before it:
    distance and speed from the previous signal, mean speed, and the latest direction by movement. `afetado` is above zero
    where a new signal (`novo`) changes the derived columns.

    DuckDB sorts the rows again for each window, and wide ones take several times as long: there the columns that no window
    reads join at the end. Postgres sorts once, and could not count the rows of that join. -#}
{%- set hour = var('intervalo_max_segundos') -%}
{%- set all_along = target.type == 'postgres' -%}
{%- set read = [
    'id_veiculo', 'timestamp_gps', 'latitude', 'longitude', 'hodometro', 'servico', 'distancia_ida_m', 'distancia_volta_m',
    'velocidade_instantanea', 'direcao', 'ignicao', 'novo'
] -%}
{%- set found = [
    'situado', 'no_trajeto', 'segundos', 'distancia', 'velocidade_do_passo', 'tem_anterior', 'hodometro_anterior',
    'velocidade_anterior', 'direcao_anterior', 'ignicao_anterior', 'velocidade_media', 'parado_dizendo_que_anda',
    'ultima_vez_no_trajeto', 'servico_desde', 'afetado'
] -%}
-- An impossible signal never counts as the neighbour of a possible one.
with situados as (
    select
        {{ signals ~ '.*' if all_along else read | join(',\n        ') }},
        not flag_fora_da_area and adiantamento_segundos <= {{ var('futuro_tolerado_segundos') }} as situado,
        least(desvio_ida_m, desvio_volta_m) <= {{ var('buffer_trajeto_m') }} as no_trajeto
    from {{ signals }}
),

anteriores as (
    select
        situados.*,
        {{ seconds_between('lag(timestamp_gps) over veiculo', 'timestamp_gps') }} as segundos,
        lag(latitude) over veiculo as latitude_anterior,
        lag(longitude) over veiculo as longitude_anterior,
        lag(hodometro) over veiculo as hodometro_anterior,
        lag(servico) over veiculo as servico_anterior,
        lag(distancia_ida_m) over veiculo as distancia_ida_anterior_m,
        lag(distancia_volta_m) over veiculo as distancia_volta_anterior_m,
        lag(velocidade_instantanea) over veiculo as velocidade_anterior,
        lag(direcao) over veiculo as direcao_anterior,
        lag(ignicao) over veiculo as ignicao_anterior
    from situados
    window veiculo as (partition by id_veiculo, situado order by {{ in_time_order('timestamp_gps') }})
),

distancias as (
    select
        anteriores.*,
        situado and segundos <= {{ hour }} as tem_anterior,
        case
            when situado and segundos <= {{ hour }}
                then {{ metres_between('latitude_anterior', 'longitude_anterior', 'latitude', 'longitude') }}
        end as distancia
    from anteriores
),

-- Progress: metres along the outbound path minus metres along the inbound one, halved; negative on the way back. A bus
-- cannot progress more than it moved; where a path passes a place twice, the position on it may jump.
passos as (
    select
        distancias.*,
        case
            when segundos <= {{ var('janela_movel_velocidade_segundos') }} then 3.6 * distancia / segundos
        end as velocidade_do_passo,
        case
            when
                segundos <= {{ var('janela_movel_velocidade_segundos') }}
                and servico = servico_anterior
                and abs(distancia_ida_m - distancia_ida_anterior_m) <= 1.5 * distancia + {{ var('buffer_trajeto_m') }}
                and abs(distancia_volta_m - distancia_volta_anterior_m)
                <= 1.5 * distancia + {{ var('buffer_trajeto_m') }}
                then (
                    distancia_ida_m - distancia_ida_anterior_m - distancia_volta_m + distancia_volta_anterior_m
                ) / 2
        end as avanco_m
    from distancias
),

-- Sums of integers (metres, metres an hour), which an engine can slide row by row. Of the last event only the
-- time is kept. A vehicle has one row a moment, so that rows need not be searched for others of the same moment.
janelas as (
    select
        passos.*,
        avg({{ whole('1000 * velocidade_do_passo') }}) over (
            veiculo range between {{ span_of_order(var('janela_movel_velocidade_segundos')) }} preceding and current row
        ) / 1000.0 as velocidade_media,
        sum({{ whole('avanco_m') }}) over (
            veiculo range between {{ span_of_order(var('sentido_janela_segundos')) }} preceding and current row
        ) as avanco_da_janela_m,
        sum(
            case when distancia = 0 and velocidade_instantanea > {{ var('velocidade_limiar_parado_kmh') }} then 1 else 0 end
        ) over (
            veiculo range between {{ span_of_order(var('janela_movel_velocidade_segundos')) }} preceding and current row
        ) as parado_dizendo_que_anda,
        max(case when no_trajeto then {{ epoch_seconds('timestamp_gps') }} end) over (
            veiculo rows unbounded preceding
        ) as ultima_vez_no_trajeto,
        max(
            case
                when tem_anterior and coalesce(servico, '') != coalesce(servico_anterior, '')
                    then {{ epoch_seconds('timestamp_gps') }}
            end
        ) over (veiculo rows unbounded preceding) as servico_desde,
        {% if is_incremental() %}
        sum(novo) over (veiculo range between {{ span_of_order(hour) }} preceding and current row) as afetado
        {% else %}
        1 as afetado
        {% endif %}
    from passos
    window veiculo as (partition by id_veiculo, situado order by {{ in_time_order('timestamp_gps') }})
),

-- The newest direction as one number: twice its time in seconds, plus one on the way out. Progress made with another line
-- does not count.
rumos as (
    select
        {{ 'janelas.*' if all_along else (['id_veiculo', 'timestamp_gps'] + found) | join(',\n        ') }},
        max(
            case
                when avanco_da_janela_m >= {{ var('sentido_avanco_m') }}
                    then 2 * {{ epoch_seconds('timestamp_gps') }} + 1
                when avanco_da_janela_m <= -{{ var('sentido_avanco_m') }}
                    then 2 * {{ epoch_seconds('timestamp_gps') }}
            end
        ) over (veiculo rows unbounded preceding) as rumo
    from janelas
    window veiculo as (partition by id_veiculo, situado order by {{ in_time_order('timestamp_gps') }})
)

{% if all_along %}
select * from rumos
{%- else %}
select
    {{ signals }}.*,
    rumos.{{ found | join(',\n    rumos.') }},
    rumos.rumo
from rumos
inner join {{ signals }} on rumos.id_veiculo = {{ signals }}.id_veiculo and rumos.timestamp_gps = {{ signals }}.timestamp_gps
{%- endif %}
{%- endmacro %}
