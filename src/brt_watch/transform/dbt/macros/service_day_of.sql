{% macro service_day(moment) -%}
{#- The service day of a time: it begins at 03:00 local time. -#}
cast(({{ local_time(moment) }} - interval '3 hours') as date)
{%- endmacro %}

{% macro moment_of(second) -%}
{#- The timestamp of an epoch second. -#}
to_timestamp(cast({{ second }} as double precision))
{%- endmacro %}
