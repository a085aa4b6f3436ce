{% macro known_neighbours(new, table, columns) -%}
{#- A query for an increment of gps_brt. One row is a stored signal of the same vehicle up to an hour after a new one, which may
    change, or one before it that these depend on: those as far back as a direction reaches, and the last one before that.
    `new` is the relation of new signals, `columns` the columns to read. -#}
{%- set hour = var('intervalo_max_segundos') -%}
{#- A direction holds for a while, follows from the steps of a window, and a step from the signal before it; a mean speed and a
    place on the path reach back less far. -#}
{%- set before = [
    var('sentido_validade_segundos') + var('sentido_janela_segundos') + var('janela_movel_velocidade_segundos'),
    2 * var('janela_movel_velocidade_segundos'),
    var('intervalo_max_desvio_segundos')
] | max -%}
with -- Groups of new signals so far apart that their margins cannot overlap.
pausas as (
    select
        id_veiculo,
        timestamp_gps,
        case
            when
                timestamp_gps - lag(timestamp_gps) over (partition by id_veiculo order by timestamp_gps)
                <= {{ seconds(2 * hour + before) }}
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
        min(timestamp_gps) - {{ seconds(before) }} as de,
        max(timestamp_gps) + {{ seconds(hour) }} as ate
    from numerados
    group by id_veiculo, faixa
),

conhecidos as (
    {%- for ate_a_hora in [true, false] %}
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
            {%- if ate_a_hora %}
            and tabela.timestamp_gps >= faixas.de
            and tabela.timestamp_gps <= faixas.ate
        {{ join_one_by_one() }}
            {%- else %}
            and tabela.timestamp_gps >= faixas.de - {{ seconds(hour) }}
            and tabela.timestamp_gps < faixas.de
            and {{ can_be_placed('tabela') }}
        order by tabela.timestamp_gps desc
        limit 1
            {%- endif %}
    ) as vizinhos
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from conhecidos
{%- endmacro %}
