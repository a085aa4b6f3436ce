{% macro minute_of(moment) -%}
{#- The start of the minute that contains a time, UTC. -#}
{{ begin_of('minute', 60, moment) }}
{%- endmacro %}

{% macro hour_of(moment) -%}
{#- The start of the hour that contains a time, UTC. -#}
{{ begin_of('hour', 3600, moment) }}
{%- endmacro %}

{% macro begin_of(unit, seconds, moment) -%}
{#- The start of a unit of so many seconds, UTC. On DuckDB date_trunc goes by the calendar, which takes longer. -#}
{%- if target.type == 'postgres' -%}
date_trunc('{{ unit }}', {{ moment }})
{%- else -%}
{{ moment_of(seconds ~ ' * floor(extract(epoch from ' ~ moment ~ ') / ' ~ seconds ~ ')') }}
{%- endif -%}
{%- endmacro %}
