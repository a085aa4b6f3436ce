{% macro join_of_the_minute(relation, alias, columns, moment, minute) -%}
{#- Each minute on the left with the rows of a relation whose moment lies in it. All minutes are joined in one go; for those
    few of an increment the rows are looked up by the moment. -#}
{%- if is_incremental() -%}
cross join lateral (
    select
        {{ columns | join(',\n        ') }}
    from {{ relation }}
    where {{ moment }} >= {{ minute }} and {{ moment }} < {{ minute }} + {{ seconds(60) }}
    {{ join_one_by_one() }}
) as {{ alias }}
{%- else -%}
inner join {{ relation }} as {{ alias }} on {{ minute_of(alias ~ '.' ~ moment) }} = {{ minute }}
{%- endif %}
{%- endmacro %}
