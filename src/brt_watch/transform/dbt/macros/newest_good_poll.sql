{% macro newest_good_poll() -%}
{#- A query: when the newest good poll was answered. -#}
select captured_at
from {{ ref('stg_brt__polls') }}
where status in ('ok', 'late')
order by load_id desc, captured_at desc
limit 1
{%- endmacro %}
