-- One row is a vehicle that reached a station of its line in the last hours, and how long after the one before.
with seguidas as (
    select
        id_veiculo,
        linha,
        sentido,
        ordem,
        estacao_id,
        segundo,
        lag(segundo) over (partition by linha, sentido, ordem order by segundo, id_veiculo) as segundo_anterior
    from {{ ref('int_previsoes__chegadas') }}
),

desconhecidas as (
    select distinct
        seguidas.linha,
        seguidas.sentido,
        seguidas.ordem,
        seguidas.segundo
    from seguidas
    inner join {{ ref('int_agora__buracos') }} as buracos
        on seguidas.segundo_anterior < buracos.ate and seguidas.segundo > buracos.de
),

final as (
    select
        seguidas.id_veiculo,
        seguidas.linha,
        seguidas.sentido,
        seguidas.ordem,
        seguidas.estacao_id,
        seguidas.segundo,
        case when desconhecidas.ordem is null then seguidas.segundo - seguidas.segundo_anterior end as intervalo_s,
        row_number() over (
            partition by seguidas.linha, seguidas.sentido, seguidas.ordem
            order by seguidas.segundo desc, seguidas.id_veiculo desc
        ) as recente_na_estacao,
        row_number() over (
            partition by seguidas.linha, seguidas.sentido, seguidas.id_veiculo
            order by seguidas.segundo desc, seguidas.ordem desc
        ) as recente_do_veiculo
    from seguidas
    left join desconhecidas
        on
            seguidas.linha = desconhecidas.linha
            and seguidas.sentido = desconhecidas.sentido
            and seguidas.ordem = desconhecidas.ordem
            and seguidas.segundo = desconhecidas.segundo
)

select * from final
