-- One row is a station that a trip passes: the last signal before it, the first one after it, and those at it.
--
-- Signals and the edges of the stations are ordered together along the path, so that a window function finds the neighbours.

{% set raio_m = var('passagem_na_estacao_m') %}

with estacoes as (
    select
        viagens.numero,
        viagens.id_viagem,
        viagens.id_veiculo,
        viagens.dia_operacao,
        viagens.linha,
        viagens.sentido,
        viagens.partida as partida_da_viagem,
        viagens.chegada as chegada_da_viagem,
        viagens.do_terminal,
        viagens.ao_terminal,
        viagens.de_m,
        viagens.ate_m,
        viagens.media_ms,
        estacoes.ordem,
        estacoes.estacoes,
        estacoes.estacao_id,
        estacoes.distancia_m
    from {{ ref('int_viagens__encontradas') }} as viagens
    inner join {{ ref('int_rede__estacoes') }} as estacoes
        on
            viagens.linha = estacoes.linha
            and viagens.sentido = estacoes.sentido
            and viagens.dia_operacao between estacoes.primeiro_dia and estacoes.ultimo_dia
            and (
                estacoes.distancia_m >= viagens.de_m - case when viagens.do_terminal then 0 else {{ raio_m }} end
                or (estacoes.ordem = 1 and viagens.do_terminal)
            )
            and (
                estacoes.distancia_m <= viagens.ate_m + case when viagens.ao_terminal then 0 else {{ raio_m }} end
                or (estacoes.ordem = estacoes.estacoes and viagens.ao_terminal)
            )
),

marcas as (
    select
        numero,
        metros,
        segundo,
        0 as ordem,
        0 as lado
    from {{ ref('int_viagens__pontos') }}
    union all
    select
        numero,
        distancia_m - {{ raio_m }} as metros,
        null as segundo,
        ordem,
        -1 as lado
    from estacoes
    union all
    select
        numero,
        distancia_m + {{ raio_m }} as metros,
        null as segundo,
        ordem,
        1 as lado
    from estacoes
),

vistas as (
    select
        numero,
        ordem,
        lado,
        max(segundo) over (
            partition by numero order by metros, lado rows between unbounded preceding and current row
        ) as antes,
        min(segundo) over (
            partition by numero order by metros desc, lado desc rows between unbounded preceding and current row
        ) as depois
    from marcas
),

vizinhos as (
    select
        numero,
        ordem,
        max(case when lado = -1 then antes end) as antes,
        max(case when lado = 1 then depois end) as depois
    from vistas
    where lado != 0
    group by numero, ordem
),

final as (
    select
        estacoes.*,
        antes.segundo as antes_segundo,
        antes.metros as antes_m,
        antes.velocidade as antes_kmh,
        depois.segundo as depois_segundo,
        depois.metros as depois_m,
        depois.velocidade as depois_kmh,
        case when antes.segundo_seguinte < depois.segundo then antes.segundo_seguinte end as primeiro_segundo,
        antes.metros_seguintes as primeiro_m,
        antes.velocidade_seguinte as primeiro_kmh,
        case when depois.segundo_anterior > antes.segundo then depois.segundo_anterior end as ultimo_segundo,
        depois.metros_anteriores as ultimo_m,
        depois.velocidade_anterior as ultimo_kmh
    from estacoes
    left join vizinhos on estacoes.numero = vizinhos.numero and estacoes.ordem = vizinhos.ordem
    left join {{ ref('int_viagens__pontos') }} as antes
        on vizinhos.numero = antes.numero and vizinhos.antes = antes.segundo
    left join {{ ref('int_viagens__pontos') }} as depois
        on vizinhos.numero = depois.numero and vizinhos.depois = depois.segundo
)

select * from final
