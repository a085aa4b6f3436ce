{% macro service_day_start(day) -%}
{#- The moment at which a service day begins in the city: 03:00. -#}
((cast({{ day }} as timestamp) + interval '3 hours') at time zone '{{ var("fuso_horario") }}')
{%- endmacro %}

{% macro days_after(day, number) -%}
{#- The date that many days after a date. -#}
cast({{ day }} + interval '{{ number }} days' as date)
{%- endmacro %}
