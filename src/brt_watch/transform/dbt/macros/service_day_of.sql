{% macro service_day(moment) -%}
{#- The service day of a moment: it turns at 03:00 local time. -#}
cast(({{ local_time(moment) }} - interval '3 hours') as date)
{%- endmacro %}

{% macro moment_of(second) -%}
{#- The moment that lies this many seconds after 1970 (UTC). -#}
to_timestamp(cast({{ second }} as double precision))
{%- endmacro %}
