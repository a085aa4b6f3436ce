{% macro seconds(number) -%}
{#- An interval of a number of seconds. -#}
interval '{{ number }} seconds'
{%- endmacro %}

{% macro in_time_order(moment) -%}
{#- What windows over time are ordered by. On DuckDB a whole number, because it goes by the calendar to find the moment some seconds
    before another one: gps_brt of a day takes 3 s of processor time less. -#}
{%- if target.type == 'postgres' -%}{{ moment }}{%- else -%}epoch_us({{ moment }}){%- endif -%}
{%- endmacro %}

{% macro span_of_order(number) -%}
{#- A number of seconds between two values of in_time_order. -#}
{%- if target.type == 'postgres' -%}{{ seconds(number) }}{%- else -%}{{ number * 1000000 }}{%- endif -%}
{%- endmacro %}
