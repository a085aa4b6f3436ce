{% macro kind_of_day(day) -%}
{#- útil, sábado or domingo; holidays count as the day of the week that they are. -#}
case cast(extract(dow from {{ day }}) as integer) when 0 then 'domingo' when 6 then 'sábado' else 'útil' end
{%- endmacro %}

{% macro percentile(share, value) -%}
{#- The value below which this share of the rows lies, interpolated. -#}
percentile_cont({{ share }}) within group (order by {{ value }})
{%- endmacro %}
