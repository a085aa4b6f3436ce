{% macro forecasts(positions, reached, known) -%}
{#- Long because one statement's CTEs hand their columns on: apart, each would need a contract of its own.

    The CTEs that forecast when vehicles reach the stations ahead of them: one rule for the newest moment and for moments
    of the past. `positions` has what was known at a moment: momento (second), id_veiculo, linha, sentido, dia_operacao,
    segundo (of the signal), metros, velocidade, no_terminal. `reached` has the columns of `stations_reached`; nothing
    that became known later is used. The result is `cruas`, a row a moment, vehicle and station: restante_s
    without its margins, usual_s without the corrections of today, base, tipo.

    The time to a station is the sum of the stretches and dwells between, as they usually are in this hour and kind of
    day; each stretch is corrected by how long the last buses took there today, all of them by how this bus fared. What
    a bus gained or lost in the last minutes counts in part only, the less the farther the station: much of it is a stop at
    a light, or noise, and passengers see the minutes jump. -#}
{%- set faixa = 900 -%}
trechos as (
    select
        estacoes.linha,
        estacoes.sentido,
        estacoes.primeiro_dia,
        estacoes.ultimo_dia,
        estacoes.ordem,
        estacoes.distancia_m as de_m,
        proximas.distancia_m as ate_m,
        proximas.estacao_id as ate_estacao_id,
        -- Behind this a bus is at the station; a terminal begins before its stop.
        proximas.distancia_m - case
            when proximas.ordem = proximas.estacoes
                then least({{ var('previsao_terminal_m') }}, (proximas.distancia_m - estacoes.distancia_m) / 2)
            else {{ var('previsao_na_estacao_m') }}
        end as marca_m,
        -- Planned times include the dwells.
        (proximas.distancia_m - estacoes.distancia_m)
        * coalesce(linhas.viagem_s / nullif(linhas.comprimento_m, 0), 1.0 / {{ var('previsao_velocidade_ms') }}) as plano_s
    from {{ ref('int_rede__estacoes') }} as estacoes
    inner join {{ ref('int_rede__estacoes') }} as proximas
        on
            estacoes.linha = proximas.linha
            and estacoes.sentido = proximas.sentido
            and estacoes.primeiro_dia = proximas.primeiro_dia
            and estacoes.ordem + 1 = proximas.ordem
    left join {{ ref('int_rede__versoes') }} as versoes
        on estacoes.linha = versoes.linha and estacoes.primeiro_dia = versoes.primeiro_dia
    left join {{ ref('linhas') }} as linhas
        on versoes.linha = linhas.linha and versoes.valido_desde = linhas.valido_desde
),

horas as (
    select distinct
        dia_operacao,
        momento,
        {{ kind_of_day('dia_operacao') }} as tipo_dia,
        {{ hour_of_service('momento') }} as hora_operacao
    from {{ positions }}
),

-- Each day uses times trained before it.
treinos as (
    select
        dias.dia_operacao,
        max(tempos.dia) as dia
    from (select distinct dia_operacao from {{ positions }}) as dias
    inner join (select distinct dia from {{ ref('tempos_trecho') }}) as tempos on dias.dia_operacao >= tempos.dia
    group by dias.dia_operacao
),

usuais as (
    select
        treinos.dia_operacao,
        tempos.tipo_dia,
        tempos.hora_operacao,
        tempos.linha,
        tempos.sentido,
        tempos.ordem,
        tempos.percurso_s,
        tempos.parada_s
    from treinos
    inner join {{ ref('tempos_trecho') }} as tempos on treinos.dia = tempos.dia
),

-- How long buses took between stations today, beside the expected time.
pernas as (
    select
        id_veiculo,
        linha,
        sentido,
        ordem - 1 as ordem,
        segundo,
        sabido,
        segundo - lag(segundo) over veiculo as segundos,
        ordem - lag(ordem) over veiculo as passo
    from {{ reached }}
    window veiculo as (partition by id_veiculo, linha, sentido order by segundo)
),

comparadas as (
    select
        pernas.*,
        coalesce(usuais.percurso_s + coalesce(usuais.parada_s, 0), trechos.plano_s) as esperado_s
    from (
        select
            pernas.*,
            {{ service_day(moment_of('segundo')) }} as dia_operacao,
            {{ hour_of_service('segundo') }} as hora_operacao
        from pernas
        where passo = 1 and ordem > 1 and segundos between 5 and 1800
    ) as pernas
    inner join trechos
        on
            pernas.linha = trechos.linha
            and pernas.sentido = trechos.sentido
            and pernas.ordem = trechos.ordem
            and pernas.dia_operacao between trechos.primeiro_dia and trechos.ultimo_dia
    left join usuais
        on
            pernas.dia_operacao = usuais.dia_operacao
            and {{ kind_of_day('pernas.dia_operacao') }} = usuais.tipo_dia
            and pernas.hora_operacao = usuais.hora_operacao
            and pernas.linha = usuais.linha
            and pernas.sentido = usuais.sentido
            and pernas.ordem = usuais.ordem
),

desvios as (
    select
        comparadas.*,
        least(greatest(segundos - esperado_s, -0.5 * esperado_s), esperado_s) as atraso_s
    from comparadas
),

-- The ratio of the last buses on a stretch, valid until the next bus.
recentes as (
    select
        linha,
        sentido,
        ordem,
        sabido,
        least(
            coalesce(lead(sabido) over (partition by linha, sentido, ordem order by sabido, id_veiculo), 9999999999),
            sabido + {{ var('previsao_memoria_segundos') }}
        ) as ate,
        sum(atraso_s) over ultimas as atraso_s,
        count(*) over ultimas as onibus
    from desvios
    window ultimas as (
        partition by linha, sentido, ordem order by sabido, id_veiculo
        rows between {{ var('previsao_ultimos_onibus') - 1 }} preceding and current row
    )
),

recentes_por_faixa as (
    select
        recentes.*,
        faixas.n as faixa
    from recentes
    {{ cross_join_numbers(
        'cast(floor(recentes.sabido / ' ~ faixa ~ '.0) as bigint)', 'cast(floor(recentes.ate / ' ~ faixa ~ '.0) as bigint)', 'faixas'
    ) }}
    where recentes.ate > recentes.sabido
),

proprios as (
    select
        id_veiculo,
        linha,
        sentido,
        sabido,
        least(
            coalesce(lead(sabido) over (partition by id_veiculo order by sabido, ordem), 9999999999),
            sabido + {{ var('previsao_memoria_segundos') }}
        ) as ate,
        sum(esperado_s + atraso_s) over ultimas / nullif(sum(esperado_s) over ultimas, 0) as razao
    from desvios
    window ultimas as (
        partition by id_veiculo, linha, sentido order by sabido, ordem
        rows between {{ var('previsao_ultimos_trechos') - 1 }} preceding and current row
    )
),

adiante as (
    select
        posicoes.momento,
        posicoes.id_veiculo,
        posicoes.linha,
        posicoes.sentido,
        posicoes.dia_operacao,
        posicoes.segundo,
        posicoes.metros,
        posicoes.velocidade,
        posicoes.no_terminal,
        posicoes.partida_s,
        trechos.ordem,
        trechos.ate_estacao_id,
        trechos.ate_m,
        trechos.ate_m - trechos.de_m as comprimento_m,
        horas.tipo_dia,
        horas.hora_operacao,
        case
            when trechos.ate_m <= posicoes.metros then 0
            else least(1, (trechos.ate_m - posicoes.metros) / nullif(trechos.ate_m - trechos.de_m, 0))
        end as parte,
        trechos.de_m - posicoes.metros as ate_o_inicio_m,
        trechos.plano_s
    from {{ positions }} as posicoes
    inner join horas on posicoes.momento = horas.momento and posicoes.dia_operacao = horas.dia_operacao
    inner join trechos
        on
            posicoes.linha = trechos.linha
            and posicoes.sentido = trechos.sentido
            and posicoes.dia_operacao between trechos.primeiro_dia and trechos.ultimo_dia
            and trechos.marca_m > posicoes.metros
            and trechos.de_m - posicoes.metros <= {{ var('previsao_alcance_m') }}
),

partes as (
    select
        adiante.*,
        usuais.percurso_s is not null as do_historico,
        parte * coalesce(usuais.percurso_s, plano_s) as percurso_s,
        -- At the station, half of the dwell is over; beyond it, all of it.
        case
            when adiante.ordem = 1 then 0
            when ate_o_inicio_m > {{ var('previsao_na_estacao_m') }} then coalesce(usuais.parada_s, 0)
            when ate_o_inicio_m >= -{{ var('previsao_na_estacao_m') }} then coalesce(usuais.parada_s, 0) / 2
            else 0
        end as parada_s,
        coalesce(
            parte * recentes.atraso_s / (recentes.onibus + {{ var('previsao_encolhe') }}), 0
        ) as atraso_s,
        recentes.onibus is not null as de_hoje
    from adiante
    left join usuais
        on
            adiante.dia_operacao = usuais.dia_operacao
            and adiante.tipo_dia = usuais.tipo_dia
            and adiante.hora_operacao = usuais.hora_operacao
            and adiante.linha = usuais.linha
            and adiante.sentido = usuais.sentido
            and adiante.ordem = usuais.ordem
    left join recentes_por_faixa as recentes
        on
            adiante.linha = recentes.linha
            and adiante.sentido = recentes.sentido
            and adiante.ordem = recentes.ordem
            and cast(floor(adiante.momento / {{ faixa }}.0) as bigint) = recentes.faixa
            and adiante.momento >= recentes.sabido
            and adiante.momento < recentes.ate
),

somas as (
    select
        partes.*,
        sum(percurso_s + parada_s + atraso_s) over caminho as segundos,
        sum(percurso_s + parada_s) over caminho as segundos_usuais,
        min(case when do_historico then 1 else 0 end) over caminho as historico_ate_la,
        max(case when de_hoje then 1 else 0 end) over caminho as hoje_ate_la
    from partes
    window caminho as (
        partition by momento, id_veiculo order by ordem rows between unbounded preceding and current row
    )
),

somadas as (
    select
        somas.*,
        coalesce(somas.partida_s, somas.segundo) - somas.momento as ate_agora_s,
        somas.segundos * (1 + {{ var('previsao_peso_proprio') }} * (coalesce(proprios.razao, 1) - 1)) as pela_frente_s
    from somas
    left join proprios
        on
            somas.id_veiculo = proprios.id_veiculo
            and somas.linha = proprios.linha
            and somas.sentido = proprios.sentido
            and somas.momento >= proprios.sabido
            and somas.momento < proprios.ate
),

{{ recent_gains(positions, known) }},

cruas as (
    select
        somas.momento,
        somas.id_veiculo,
        somas.linha,
        somas.sentido,
        somas.dia_operacao,
        somas.hora_operacao,
        somas.ordem + 1 as ordem,
        somas.ate_estacao_id as estacao_id,
        somas.ate_m - somas.metros as falta_m,
        somas.velocidade,
        somas.momento - somas.segundo as idade_s,
        case when somas.no_terminal then 'no terminal' else 'a caminho' end as tipo,
        case
            when somas.historico_ate_la = 1 then 'histórico'
            when somas.hoje_ate_la = 1 then 'plano e hoje'
            else 'plano'
        end as base,
        greatest(0, somas.ate_agora_s + somas.pela_frente_s - {{ left_out_s('somas.pela_frente_s') }}) as restante_s,
        greatest(0, somas.ate_agora_s + somas.segundos_usuais) as usual_s
    from somadas as somas
    -- As in with_departures; 12 s of processor time for a day's forecasts.
    left join perdas
        on
            case when not somas.no_terminal then somas.momento end = perdas.momento
            and somas.id_veiculo = perdas.id_veiculo
)
{%- endmacro %}

{% macro hour_of_service(second) -%}
{#- The hour of the service day, 3 to 26, of an epoch second: local time, counted on after midnight. -#}
cast(extract(hour from {{ local_time(moment_of('(' ~ second ~ ') - 10800')) }}) as integer) + 3
{%- endmacro %}
