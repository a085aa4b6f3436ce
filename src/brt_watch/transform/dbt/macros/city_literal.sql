{#- The city's own rules, to the letter, defects included: for comparison, never for use. Their sources and what is wrong
    with them are in docs/decisions/0006-the-citys-table-without-its-defects.md. Each returns the rows of one run over a
    span of time, and reads from gps_brt only the content of a signal and its place. -#}

{% macro city_literal_v1(inicio, fim) -%}
{#- The city's table as it was made from 2022 to May 2026, for signals after `inicio` and up to `fim`. -#}
{{ city_literal(inicio, fim, '>', 500, garage_wins=false) }}
{%- endmacro %}

{% macro city_literal_v3(inicio, fim) -%}
{#- The city's table as it is made since, for signals from `inicio` to `fim`. -#}
{{ city_literal(inicio, fim, '>=', 30, garage_wins=true) }}
{%- endmacro %}

{% macro city_literal(inicio, fim, after, buffer_m, garage_wins) -%}
(
    with filtrada as (
        select
            sinais.id_veiculo,
            sinais.timestamp_gps,
            replace(sinais.linha, ' ', '') as servico,
            sinais.latitude,
            sinais.longitude,
            -- The cast to integer drops the decimals.
            case
                when sinais.velocidade_instantanea = floor(sinais.velocidade_instantanea)
                    then cast(sinais.velocidade_instantanea as integer)
            end as velocidade_instantanea,
            case
                {%- if garage_wins %}
                when sinais.garagem is not null then 'garagem'
                {%- endif %}
                when sinais.estacao_id is not null then 'terminal'
                when sinais.garagem is not null then 'garagem'
            end as tipo_parada,
            -- Null where the line has no path: the flags have no row for it.
            case
                when linhas.linha is not null
                    then coalesce(least(sinais.desvio_ida_m, sinais.desvio_volta_m) <= {{ buffer_m }}, false)
            end as no_trajeto
        from {{ ref('gps_brt') }} as sinais
        left join (select distinct linha from {{ ref('linha_trajetos') }}) as linhas
            on replace(sinais.linha, ' ', '') = linhas.linha
        where
            sinais.timestamp_gps {{ after }} {{ inicio }}
            and sinais.timestamp_gps <= {{ fim }}
            -- Minute boundaries between the signal and the planned minute of the poll.
            and {{ seconds_between(minute_of('sinais.timestamp_gps'), minute_of('sinais.captured_at')) }}
            between 0 and 60
            and not sinais.flag_fora_da_area
            -- The parts are joined by vehicle, time and line: a row without one of them is dropped.
            and sinais.linha is not null
    ),

    anteriores as (
        select
            filtrada.*,
            lag(latitude) over linha as latitude_anterior,
            lag(longitude) over linha as longitude_anterior,
            {{ seconds_between('lag(timestamp_gps) over linha', 'timestamp_gps') }} as segundos
        from filtrada
        -- By vehicle and line, and only within this run.
        window linha as (partition by id_veiculo, servico order by timestamp_gps)
    ),

    velocidades as (
        select
            anteriores.*,
            coalesce(
                3.6 * {{ metres_between('latitude_anterior', 'longitude_anterior', 'latitude', 'longitude') }}
                / nullif(segundos, 0),
                0
            ) as velocidade
        from anteriores
    ),

    medias as (
        select
            velocidades.*,
            avg(velocidade) over (
                partition by id_veiculo, servico order by timestamp_gps
                range between {{ seconds(600) }} preceding and current row
            ) as media,
            max(case when no_trajeto then 1 else 0 end) over (
                partition by id_veiculo order by timestamp_gps
                range between {{ seconds(600) }} preceding and current row
            ) as acertos
        from velocidades
    ),

    flags as (
        select
            medias.*,
            media >= 3 as flag_em_movimento,
            case when no_trajeto is not null then acertos > 0 end as flag_trajeto_correto_hist
        from medias
    )

    select
        id_veiculo,
        timestamp_gps,
        servico,
        velocidade_instantanea,
        {{ rounded('least(media, 60)', 1) }} as velocidade_estimada_10_min,
        flag_em_movimento,
        flag_trajeto_correto_hist,
        tipo_parada,
        case
            when flag_em_movimento and flag_trajeto_correto_hist then 'Em operação'
            when flag_em_movimento and not flag_trajeto_correto_hist then 'Operando fora trajeto'
            when not flag_em_movimento and tipo_parada is not null then 'Parado ' || tipo_parada
            when not flag_em_movimento and flag_trajeto_correto_hist then 'Parado trajeto correto'
            when not flag_em_movimento then 'Parado fora trajeto'
        end as status
    from flags
)
{%- endmacro %}
