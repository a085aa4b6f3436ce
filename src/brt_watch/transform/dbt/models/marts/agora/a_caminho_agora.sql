-- One row is a vehicle on its way to a station of its line, or waiting at the first one, as of the newest good poll.
{{ config(materialized='view') }}

with veiculos as (
    select
        veiculos.*,
        coalesce(sentido_estimado, sentido) as rumo
    from {{ ref('veiculos_agora') }} as veiculos
    where
        idade_segundos <= {{ var('em_silencio_segundos') }}
        and desvio_m <= {{ var('viagem_buffer_m') }}
        and status != 'Parado garagem'
),

situados as (
    select
        veiculos.*,
        estacoes.ordem,
        estacoes.estacao_id as destino_id,
        estacoes.distancia_m,
        estacoes.ordem = 1 as espera
    from veiculos
    inner join {{ ref('int_rede__estacoes') }} as estacoes
        on
            veiculos.linha = estacoes.linha
            and veiculos.rumo = estacoes.sentido
            and {{ service_day('veiculos.datahora') }} between estacoes.primeiro_dia and estacoes.ultimo_dia
            and veiculos.progresso_m <= estacoes.distancia_m + case
                when estacoes.ordem = 1 then {{ var('previsao_no_terminal_m') }} else {{ var('previsao_na_estacao_m') }}
            end
    where estacoes.ordem > 1 or veiculos.status = 'Parado terminal'
),

final as (
    select
        destino_id as estacao_id,
        linha,
        rumo as sentido,
        cast(ordem as integer) as ordem,
        codigo,
        {{ rounded('greatest(0, distancia_m - progresso_m)', 1) }} as falta_m,
        espera,
        idade_segundos
    from situados
)

select * from final
