{% macro kind_of_day(day) -%}
{#- útil, sábado or domingo; holidays count as the day of the week that they are. -#}
case cast(extract(dow from {{ day }}) as integer) when 0 then 'domingo' when 6 then 'sábado' else 'útil' end
{%- endmacro %}

{% macro percentile(share, value) -%}
{#- The quantile of the rows at this share, interpolated. -#}
percentile_cont({{ share }}) within group (order by {{ value }})
{%- endmacro %}
