{% macro analyze_now() -%}
{#- On Postgres, after a table of the working set is built: without statistics, the next model joins it row by row. -#}
{%- if target.type == 'postgres' -%}analyze {{ this }}{%- else -%}select 1 as nothing_to_analyze{%- endif -%}
{%- endmacro %}

{% macro analyze_when_new() -%}
{#- The same for an incremental table after a full build; later, autovacuum analyzes it. -#}
{%- if target.type == 'postgres' and not is_incremental() -%}analyze {{ this }}{%- else -%}select 1 as nothing_to_analyze{%- endif -%}
{%- endmacro %}
