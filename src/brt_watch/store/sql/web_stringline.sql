-- The trips of a line in one direction in some time, each with its signals on the path, oldest first. The live engine runs
-- the same statement on DuckDB.
--
-- Where the label names another line, the signals have no place on this one: there the trip is drawn by its passages.
with tracos as (
    select *
    from viagens
    where
        linha = %(linha)s
        and sentido = %(sentido)s
        and dia_operacao >= %(primeiro_dia)s
        and dia_operacao <= %(ultimo_dia)s
        and chegada >= %(de)s
        and partida < %(ate)s
),

pontos as (
    select
        tracos.id_viagem,
        gps.timestamp_gps as momento,
        case tracos.sentido when 'ida' then gps.distancia_ida_m else gps.distancia_volta_m end as metros,
        case tracos.sentido when 'ida' then gps.desvio_ida_m else gps.desvio_volta_m end as desvio_m,
        gps.velocidade_instantanea as velocidade
    from tracos
    inner join gps_brt as gps
        on
            tracos.id_veiculo = gps.id_veiculo
            and tracos.linha = gps.servico
            and tracos.partida <= gps.timestamp_gps
            and tracos.chegada >= gps.timestamp_gps
    where gps.timestamp_gps >= %(de)s and gps.timestamp_gps < %(ate)s
    union all
    select
        tracos.id_viagem,
        passagens.chegada as momento,
        estacoes.distancia_m as metros,
        0 as desvio_m,
        cast(null as double precision) as velocidade
    from tracos
    inner join passagens
        on
            tracos.id_viagem = passagens.id_viagem
            and tracos.id_veiculo = passagens.id_veiculo
            and tracos.dia_operacao = passagens.dia_operacao
    inner join int_rede__estacoes as estacoes
        on
            passagens.linha = estacoes.linha
            and passagens.sentido = estacoes.sentido
            and passagens.ordem = estacoes.ordem
            and passagens.dia_operacao between estacoes.primeiro_dia and estacoes.ultimo_dia
    where tracos.flag_linha_corrigida and passagens.chegada >= %(de)s and passagens.chegada < %(ate)s
)

select
    tracos.id_viagem,
    tracos.id_veiculo as codigo,
    tracos.partida,
    tracos.chegada,
    pontos.momento,
    pontos.metros,
    pontos.velocidade
from tracos
inner join pontos on tracos.id_viagem = pontos.id_viagem
where pontos.metros is not null and pontos.desvio_m <= %(desvio_m)s
order by tracos.id_veiculo, tracos.partida, tracos.id_viagem, pontos.momento, pontos.metros
