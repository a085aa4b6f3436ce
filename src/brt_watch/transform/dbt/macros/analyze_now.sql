{% macro analyze_now() -%}
{#- For Postgres, after a table of the working set is made: without statistics the next model joins it row by row. -#}
{%- if target.type == 'postgres' -%}analyze {{ this }}{%- else -%}select 1 as nothing_to_analyze{%- endif -%}
{%- endmacro %}

{% macro analyze_when_new() -%}
{#- The same for a table that grows, when all of it was made: later, Postgres does it by itself. -#}
{%- if target.type == 'postgres' and not is_incremental() -%}analyze {{ this }}{%- else -%}select 1 as nothing_to_analyze{%- endif -%}
{%- endmacro %}
