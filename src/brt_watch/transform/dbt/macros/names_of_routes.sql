{% macro names_of_routes(line) -%}
{#- A join that gives the name of the line (`linha`) for a `route_id` of the GTFS (`rota`). -#}
left join (
    select
        route_id as rota,
        max(linha) as linha_da_rota
    from {{ ref('linhas') }}
    where route_id is not null
    group by route_id
) as rotas on {{ line }} = rotas.rota
{%- endmacro %}
