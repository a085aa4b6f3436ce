{% macro minute_of(moment) -%}
{#- The beginning of the minute that a moment lies in, UTC. -#}
date_trunc('minute', {{ moment }})
{%- endmacro %}
