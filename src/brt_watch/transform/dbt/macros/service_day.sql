{% macro service_day_start(day) -%}
{#- When a service day begins in the city: at 03:00 local time. -#}
((cast({{ day }} as timestamp) + interval '3 hours') at time zone '{{ var("fuso_horario") }}')
{%- endmacro %}

{% macro days_after(day, number) -%}
{#- A date plus a number of days. -#}
cast({{ day }} + interval '{{ number }} days' as date)
{%- endmacro %}
