{% macro seconds_between(earlier, later) -%}
{#- Seconds from one moment to another, negative when `later` is the earlier one. DuckDB takes a hundred times as long for the
    difference of two moments with zone, which goes by the calendar, as for that of their microseconds. -#}
{%- if target.type == 'postgres' -%}
cast(extract(epoch from ({{ later }} - {{ earlier }})) as double precision)
{%- else -%}
(cast(epoch_us({{ later }}) - epoch_us({{ earlier }}) as double precision) / 1000000)
{%- endif -%}
{%- endmacro %}
