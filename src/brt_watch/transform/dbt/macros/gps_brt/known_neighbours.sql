{% macro known_neighbours(new, table, columns) -%}
{#- A query for an increment of gps_brt. One row is a stored signal within an hour of a new one of the same
    vehicle: `new` is the relation of new signals, `columns` the columns to read. -#}
{%- set hour = var('intervalo_max_segundos') -%}
with -- Groups of new signals that are more than 2 h apart, so that their 1 h margins cannot overlap.
pausas as (
    select
        id_veiculo,
        timestamp_gps,
        case
            when
                timestamp_gps - lag(timestamp_gps) over (partition by id_veiculo order by timestamp_gps)
                <= {{ seconds(2 * hour) }}
                then 0
            else 1
        end as pausa
    from {{ new }}
),

numerados as (
    select
        id_veiculo,
        timestamp_gps,
        sum(pausa) over (partition by id_veiculo order by timestamp_gps) as faixa
    from pausas
),

faixas as (
    select
        id_veiculo,
        min(timestamp_gps) - {{ seconds(hour) }} as de,
        max(timestamp_gps) + {{ seconds(hour) }} as ate
    from numerados
    group by id_veiculo, faixa
),

conhecidos as (
    select
        {%- for coluna in columns %}
        vizinhos.{{ coluna }}{{ ',' if not loop.last }}
        {%- endfor %}
    from faixas
    cross join lateral (
        select
            {%- for coluna in columns %}
            tabela.{{ coluna }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ table }} as tabela
        where
            tabela.id_veiculo = faixas.id_veiculo
            and tabela.timestamp_gps >= faixas.de
            and tabela.timestamp_gps <= faixas.ate
        {{ join_one_by_one() }}
    ) as vizinhos
)

select * from conhecidos
{%- endmacro %}
