-- One row is a stretch between two successive stations of a line in one direction in an hour of a service day: the speed of
-- buses on it, and their dwell at its end.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=indexes([{'columns': ['dia_operacao', 'linha', 'sentido', 'de_estacao_id']}, {'columns': ['derived_by']}]),
    pre_hook=["{{ plan_with_hash_joins() }}", "{{ delete_changed_service_days() }}"]
) }}

with passadas as (
    select
        passagens.*,
        lead(ordem) over viagem as ordem_seguinte,
        lead(estacao_id) over viagem as estacao_seguinte_id,
        lead(chegada) over viagem as chegada_seguinte,
        lead(parada_segundos) over viagem as parada_seguinte_segundos,
        lead(metodo) over viagem as metodo_seguinte
    from {{ ref('passagens') }} as passagens
    where {{ in_changed_service_days('dia_operacao') }}
    window viagem as (partition by id_viagem order by ordem)
),

tempos as (
    select
        passadas.dia_operacao,
        passadas.linha,
        passadas.sentido,
        passadas.ordem,
        passadas.estacao_id as de_estacao_id,
        passadas.estacao_seguinte_id as ate_estacao_id,
        proximas.distancia_m - estacoes.distancia_m as comprimento_m,
        {{ seconds_between('passadas.partida', 'passadas.chegada_seguinte') }} as segundos,
        case when passadas.metodo_seguinte != 'terminal' then passadas.parada_seguinte_segundos end as parada_s,
        cast(
            floor(({{ seconds_between(service_day_start('passadas.dia_operacao'), 'passadas.partida') }} + 3 * 3600) / 3600)
            as integer
        ) as hora_operacao
    from passadas
    inner join {{ ref('int_rede__estacoes') }} as estacoes
        on
            passadas.linha = estacoes.linha
            and passadas.sentido = estacoes.sentido
            and passadas.ordem = estacoes.ordem
            and passadas.dia_operacao between estacoes.primeiro_dia and estacoes.ultimo_dia
    inner join {{ ref('int_rede__estacoes') }} as proximas
        on
            estacoes.linha = proximas.linha
            and estacoes.sentido = proximas.sentido
            and estacoes.primeiro_dia = proximas.primeiro_dia
            and estacoes.ordem + 1 = proximas.ordem
    where passadas.ordem_seguinte = passadas.ordem + 1
),

velocidades as (
    select
        tempos.*,
        3.6 * comprimento_m / segundos as velocidade_kmh
    from tempos
    where segundos > 0
),

resumos as (
    select
        dia_operacao,
        linha,
        sentido,
        hora_operacao,
        ordem,
        de_estacao_id,
        ate_estacao_id,
        comprimento_m,
        count(*) as passagens,
        {{ percentile(0.2, 'velocidade_kmh') }} as p20,
        {{ percentile(0.5, 'velocidade_kmh') }} as p50,
        {{ percentile(0.8, 'velocidade_kmh') }} as p80,
        {{ percentile(0.5, 'segundos') }} as tempo_s,
        {{ percentile(0.5, 'parada_s') }} as parada_s
    from velocidades
    where velocidade_kmh between {{ var('trecho_minimo_kmh') }} and {{ var('trecho_maximo_kmh') }}
    group by dia_operacao, linha, sentido, hora_operacao, ordem, de_estacao_id, ate_estacao_id, comprimento_m
),

final as (
    select
        dia_operacao,
        {{ kind_of_day('dia_operacao') }} as tipo_dia,
        linha,
        sentido,
        hora_operacao,
        cast(ordem as integer) as ordem,
        de_estacao_id,
        ate_estacao_id,
        {{ rounded('comprimento_m', 1) }} as comprimento_m,
        cast(passagens as integer) as passagens,
        {{ rounded('p20', 1) }} as velocidade_p20_kmh,
        {{ rounded('p50', 1) }} as velocidade_p50_kmh,
        {{ rounded('p80', 1) }} as velocidade_p80_kmh,
        {{ rounded('tempo_s', 1) }} as tempo_mediano_segundos,
        {{ rounded('parada_s', 1) }} as parada_mediana_segundos,
        {{ derived_by() }} as derived_by
    from resumos
)

select * from final
