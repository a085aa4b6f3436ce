{% macro minute_of(moment) -%}
{#- The start of the minute that contains a time, UTC. On DuckDB date_trunc goes by the calendar, which takes longer. -#}
{%- if target.type == 'postgres' -%}
date_trunc('minute', {{ moment }})
{%- else -%}
{{ moment_of('60 * floor(extract(epoch from ' ~ moment ~ ') / 60)') }}
{%- endif -%}
{%- endmacro %}
