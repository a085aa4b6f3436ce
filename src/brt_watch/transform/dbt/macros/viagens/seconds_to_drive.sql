{% macro seconds_to_drive(metres, speed_kmh, mean_ms) -%}
{#- Seconds that a bus takes for the metres before a stop, or after one, given the speed at their other end: while it brakes or
    speeds up, twice the time of an even speed; farther away, first at that speed; on long ways at the mean speed of the
    trip. -#}
(
    case
        when ({{ metres }}) <= 0 then 0
        when ({{ metres }}) > {{ var('viagem_longe_do_fim_m') }} then ({{ metres }}) / {{ mean_ms }}
        when ({{ speed_kmh }}) > 3
            and power(({{ speed_kmh }}) / 3.6, 2) >= 2 * {{ var('aceleracao_ms2') }} * ({{ metres }})
            then 2 * ({{ metres }}) / (({{ speed_kmh }}) / 3.6)
        when ({{ speed_kmh }}) > 10
            then ({{ metres }}) / (({{ speed_kmh }}) / 3.6) + ({{ speed_kmh }}) / 3.6 / (2 * {{ var('aceleracao_ms2') }})
        else 2 * sqrt(greatest(0, ({{ metres }})) / {{ var('aceleracao_ms2') }})
    end
)
{%- endmacro %}
