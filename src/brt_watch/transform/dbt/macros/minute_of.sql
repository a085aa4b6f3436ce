{% macro minute_of(moment) -%}
{#- The start of the minute that contains a time, UTC. -#}
date_trunc('minute', {{ moment }})
{%- endmacro %}
