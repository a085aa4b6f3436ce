{% macro analyze_now() -%}
{#- For Postgres, after a table of the working set is made: without statistics the next model joins it row by row. -#}
{%- if target.type == 'postgres' -%}analyze {{ this }}{%- else -%}select 1 as nothing_to_analyze{%- endif -%}
{%- endmacro %}
