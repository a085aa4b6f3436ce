-- One row is a feed, a line and an hour of operation, with how far the feed's matching agrees with ours, among its signals
-- within a trip of the same vehicle that we found. The matching of an operator is a label, not the truth: where the two
-- differ, neither is known to be wrong.
{{ config(enabled=target.type == 'postgres', materialized='view') }}

with sinais as (
    select
        feed,
        codigo,
        datahora,
        linha,
        sentido,
        nullif(concat_ws(' ', trip_id, start_date, start_time), '') as viagem
    from {{ ref('stg_veiculos__sinais') }}

    -- The city's service of past minutes: signals that only it had, and those of which it says something else.
    union all
    select
        'its_minutes' as feed,
        codigo,
        datahora,
        linha,
        sentido,
        {{ json_text('extra', 'trip_id') }} as viagem
    from {{ source('brt', 'brt_raw') }}
    where capturer like 'recovered-%'
    union all
    select
        'its_minutes_difere' as feed,
        codigo,
        datahora,
        {{ json_text('record', 'linha') }} as linha,
        {{ json_text('record', 'sentido') }} as sentido,
        {{ json_text("(record -> 'extra')", 'trip_id') }} as viagem
    from {{ source('brt', 'brt_disagreement') }}
),

nas_viagens as (
    select
        sinais.feed,
        sinais.linha as linha_informada,
        sinais.sentido as sentido_informado,
        sinais.viagem,
        viagens.id_veiculo,
        viagens.id_viagem,
        viagens.linha,
        viagens.sentido,
        viagens.dia_operacao,
        cast(
            floor({{ seconds_between(service_day_start('viagens.dia_operacao'), 'sinais.datahora') }} / 3600) as integer
        ) + 3 as hora_operacao
    from sinais
    inner join {{ ref('viagens') }} as viagens
        on
            sinais.codigo = viagens.id_veiculo
            and sinais.datahora between viagens.partida and viagens.chegada
),

-- Trips have different ids: two are the same where each is the other's most frequent one. Where lines run at intervals, many
-- vehicles drive the same trip of the GTFS, so only trips of the same vehicle are compared.
pares as (
    select
        feed,
        dia_operacao,
        id_viagem,
        viagem,
        row_number() over (partition by feed, dia_operacao, id_viagem order by count(*) desc, viagem) as para_a_nossa,
        row_number() over (
            partition by feed, dia_operacao, id_veiculo, viagem order by count(*) desc, id_viagem
        ) as para_a_deles
    from nas_viagens
    where viagem is not null
    group by feed, dia_operacao, id_veiculo, id_viagem, viagem
),

mesmas as (
    select
        feed,
        dia_operacao,
        id_viagem,
        viagem
    from pares
    where para_a_nossa = 1 and para_a_deles = 1
),

final as (
    select
        todos.feed,
        todos.dia_operacao,
        todos.linha,
        todos.hora_operacao,
        cast(count(*) as integer) as sinais,
        cast(count(distinct todos.id_viagem) as integer) as viagens,
        cast(count(todos.linha_informada) as integer) as sinais_com_linha,
        cast(count(case when todos.linha_informada = todos.linha then 1 end) as integer) as sinais_mesma_linha,
        cast(count(todos.sentido_informado) as integer) as sinais_com_sentido,
        cast(
            count(
                case when todos.linha_informada = todos.linha and todos.sentido_informado = todos.sentido then 1 end
            ) as integer
        ) as sinais_mesmo_sentido,
        cast(count(todos.viagem) as integer) as sinais_com_viagem,
        cast(count(mesmas.id_viagem) as integer) as sinais_mesma_viagem
    from nas_viagens as todos
    left join mesmas
        on
            todos.feed = mesmas.feed
            and todos.dia_operacao = mesmas.dia_operacao
            and todos.id_viagem = mesmas.id_viagem
            and todos.viagem = mesmas.viagem
    group by todos.feed, todos.dia_operacao, todos.linha, todos.hora_operacao
)

select * from final
