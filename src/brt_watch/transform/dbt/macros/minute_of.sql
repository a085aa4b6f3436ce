{% macro minute_of(moment) -%}
{#- The start of the minute that contains a time, UTC. -#}
{{ begin_of('minute', 60, moment) }}
{%- endmacro %}

{% macro hour_of(moment) -%}
{#- The start of the hour that contains a time, UTC. -#}
{{ begin_of('hour', 3600, moment) }}
{%- endmacro %}

{% macro begin_of(unit, seconds, moment) -%}
{#- The start of the minute or hour that contains a time, UTC. DuckDB's date_trunc is slower: it works out the calendar date. -#}
{%- if target.type == 'postgres' -%}
date_trunc('{{ unit }}', {{ moment }})
{%- else -%}
{{ moment_of(seconds ~ ' * floor(extract(epoch from ' ~ moment ~ ') / ' ~ seconds ~ ')') }}
{%- endif -%}
{%- endmacro %}
