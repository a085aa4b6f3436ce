{% macro signals_with_place(where) -%}
{#- A query for gps_brt. One row is a signal with its place: on the path of its line, at a station, in a garage.
    `where` filters the signals; it is repeated for each input, because Postgres does not push a range of load_id
    across a join. -#}
with sinais as (
    select
        codigo as id_veiculo,
        datahora as timestamp_gps,
        placa,
        linha,
        servico,
        sentido as sentido_informado,
        trajeto,
        latitude,
        longitude,
        velocidade as velocidade_instantanea,
        direcao,
        ignicao,
        hodometro,
        captured_at,
        origem,
        load_id,
        adiantamento_segundos,
        flag_sem_posicao,
        flag_fora_da_area,
        flag_futuro,
        flag_atrasado,
        flag_codigo_fora_da_frota,
        flag_velocidade_improvavel
    from {{ ref('stg_brt__sinais') }}
    {{ where }}
),

trajetos as (
    select *
    from {{ ref('int_sinais__no_trajeto') }}
    {{ where }}
),

estacoes as (
    select *
    from {{ ref('int_sinais__na_estacao') }}
    {{ where }}
),

garagens as (
    select *
    from {{ ref('int_sinais__na_garagem') }}
    {{ where }}
),

novos as (
    select
        sinais.*,
        trajetos.desvio_ida_m,
        trajetos.distancia_ida_m,
        trajetos.desvio_volta_m,
        trajetos.distancia_volta_m,
        estacoes.estacao_id,
        estacoes.distancia_estacao_m,
        garagens.garagem
    from sinais
    left join trajetos on sinais.id_veiculo = trajetos.codigo and sinais.timestamp_gps = trajetos.datahora
    left join estacoes on sinais.id_veiculo = estacoes.codigo and sinais.timestamp_gps = estacoes.datahora
    left join garagens on sinais.id_veiculo = garagens.codigo and sinais.timestamp_gps = garagens.datahora
)

select * from novos
{%- endmacro %}
