-- One row is a feed, a line and an hour of operation, with how far the matching of its operator agrees with ours: of the
-- signals of a further feed (GTFS-Realtime, SPPO) that lie within a trip of the same vehicle that we found, the share with
-- the same line, and with the same line and direction. The operator's assignment is a label, not the truth: where the two
-- differ, neither is known to be wrong. A line is compared by our number of it.
{{ config(enabled=target.type == 'postgres') }}

with sinais as (
    select
        feed,
        codigo,
        datahora,
        linha,
        sentido,
        trip_id
    from {{ ref('stg_veiculos__sinais') }}
),

nas_viagens as (
    select
        sinais.feed,
        sinais.linha as linha_informada,
        sinais.sentido as sentido_informado,
        sinais.trip_id,
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
)

select
    feed,
    dia_operacao,
    linha,
    hora_operacao,
    count(*) as sinais,
    count(distinct id_viagem) as viagens,
    count(distinct trip_id) as viagens_informadas,
    count(linha_informada) as sinais_com_linha,
    round(100.0 * count(case when linha_informada = linha then 1 end) / nullif(count(linha_informada), 0), 1)
    as mesma_linha_pct,
    round(
        100.0 * count(case when linha_informada = linha and sentido_informado = sentido then 1 end)
        / nullif(count(case when linha_informada is not null and sentido_informado is not null then 1 end), 0), 1
    ) as mesmo_sentido_pct
from nas_viagens
group by feed, dia_operacao, linha, hora_operacao
order by feed, dia_operacao, linha, hora_operacao
