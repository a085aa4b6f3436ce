{% macro join_of_the_minute(relation, alias, columns, moment, minute) -%}
{#- Join each minute on the left to the rows of a relation whose time lies in it. A full build joins all minutes at once; the
    few minutes of an increment look their rows up by time. -#}
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
