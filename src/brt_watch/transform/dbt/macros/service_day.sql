{% macro service_day_start(day) -%}
{#- When a service day begins in the city: at 03:00 local time. -#}
((cast({{ day }} as timestamp) + interval '3 hours') at time zone '{{ var("fuso_horario") }}')
{%- endmacro %}

{% macro days_after(day, number) -%}
{#- A date plus a number of days. -#}
cast({{ day }} + interval '{{ number }} days' as date)
{%- endmacro %}

{% macro moment_of_tenth(second) -%}
{#- The moment of such a second, to the nearest tenth; halves go up. In floats, which are the same on all engines: on DuckDB
    a decimal of nine places cannot hold a number of this size, and 0.25 became 0.2. -#}
{{ moment_of('floor((' ~ second ~ ') * 10 + 0.5) / 10') }}
{%- endmacro %}
