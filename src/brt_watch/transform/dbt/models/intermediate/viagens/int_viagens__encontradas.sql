-- One row is a trip of a vehicle: whole by its label, or found by movement.
--
-- Two lines may share their whole path and differ in the stations that they serve, such as an express and a stopping service. Where
-- the label names the wrong one of them, or neither, the stations at which the bus stood show which one it was.
{{ config(pre_hook="{{ plan_with_hash_joins() }}") }}

{% set colunas = [
    'percurso', 'veiculo_dia', 'id_veiculo', 'dia_operacao', 'linha', 'sentido', 'inicio', 'fim', 'saiu', 'chegou', 'de_m', 'ate_m', 'comprimento_m', 'sinais',
    'rotulo', 'sentido_no_rotulo', 'do_terminal', 'ao_terminal', 'media_ms', 'partida', 'chegada'
] %}
{% set segundos = '(lead(segundo) over viagem - segundo)' %}

with juntas as (
    {%- for modelo, outra_linha, pelo_rotulo in [('int_viagens__completas', 'cast(null as text) as outra_linha', 1), ('int_viagens__escolhidas', 'outra_linha', 0)] %}
    select
        {{ colunas | join(',\n        ') }},
        {{ outra_linha }},
        {{ pelo_rotulo }} as pelo_rotulo
    from {{ ref(modelo) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

numeradas as (
    select
        row_number() over (order by id_veiculo, partida, linha, sentido) as numero,
        juntas.*
    from juntas
),

{{ stations_of_one_twin() }},

candidatas as (
    select
        viagens.numero,
        pares.par,
        viagens.pelo_rotulo,
        viagens.percurso,
        viagens.inicio,
        viagens.saiu,
        viagens.chegou,
        viagens.de_m + {{ var('viagem_parada_da_ponta_m') }} as desde_m,
        viagens.ate_m - {{ var('viagem_parada_da_ponta_m') }} as ate_m
    from numeradas as viagens
    inner join (select distinct par, linha, sentido, primeiro_dia, ultimo_dia from de_uma_so) as pares
        on
            viagens.linha = pares.linha
            and viagens.sentido = pares.sentido
            and viagens.dia_operacao between pares.primeiro_dia and pares.ultimo_dia
),

trechos as (
    {%- for posicoes, pelo_rotulo in [('int_viagens__no_rotulo', 1), ('int_viagens__nas_linhas', 0)] %}
    select
        viagens.numero,
        viagens.par,
        viagens.desde_m,
        viagens.ate_m,
        lugares.segundo,
        lugares.metros,
        lugares.velocidade
    from candidatas as viagens
    inner join {{ ref(posicoes) }} as lugares
        on viagens.percurso = lugares.percurso and viagens.inicio = lugares.inicio and lugares.segundo between viagens.saiu and viagens.chegou
    where viagens.pelo_rotulo = {{ pelo_rotulo }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Without a stop a bus was fast between two signals that left no time for one, even at full speed. Beyond that a clock is wrong.
seguidos as (
    select
        trechos.*,
        velocidade <= {{ var('velocidade_limiar_parado_kmh') }} as parado,
        lead(metros) over viagem as metros_seguintes,
        lead(metros) over viagem - metros between greatest(
            {{ var('gemea_sem_parar_ms') }} * {{ segundos }},
            {{ var('gemea_livre_ms') }} * ({{ segundos }} - {{ var('passagem_parada_usual_s') }})
        ) and {{ var('gemea_livre_ms') }} * {{ segundos }} as sem_parar
    from trechos
    window viagem as (partition by numero, par order by segundo)
),

-- Where the bus was seen standing at a station (2), or passed it too fast to have stopped (1).
indicios as (
    select
        seguidos.numero,
        estacoes.outra_linha,
        estacoes.estacao_id,
        estacoes.lado,
        max(
            case
                when seguidos.parado and abs(seguidos.metros - estacoes.distancia_m) <= {{ var('gemea_na_estacao_m') }} then 2
                else 1
            end
        ) as visto
    from (select * from seguidos where parado or sem_parar) as seguidos
    inner join de_uma_so as estacoes
        on
            seguidos.par = estacoes.par
            and estacoes.distancia_m between seguidos.desde_m and seguidos.ate_m
            and (
                (seguidos.parado and abs(seguidos.metros - estacoes.distancia_m) <= {{ var('gemea_na_estacao_m') }})
                or (seguidos.sem_parar and estacoes.distancia_m >= seguidos.metros and estacoes.distancia_m < seguidos.metros_seguintes)
            )
    group by seguidos.numero, estacoes.outra_linha, estacoes.estacao_id, estacoes.lado
),

saldos as (
    select
        numero,
        outra_linha,
        -- Buses queue at stations at which they do not stop, and pass none at which they do.
        sum(lado * case visto when 2 then 1 else -{{ var('gemea_peso_sem_parar') }} end) as saldo
    from indicios
    group by numero, outra_linha
),

trocas as (
    select
        saldos.numero,
        min(saldos.outra_linha) as outra_linha
    from saldos
    inner join numeradas as viagens on saldos.numero = viagens.numero
    where
        -saldos.saldo >= case
            when viagens.sentido_no_rotulo >= {{ var('rotulo_posto_fracao') }} then {{ var('gemea_estacoes_rotulo_posto') }}
            when viagens.rotulo >= 0.5 then {{ var('gemea_estacoes') }}
            else {{ var('gemea_estacoes_sem_rotulo') }}
        end
    group by saldos.numero
),

final as (
    select
        viagens.numero,
        viagens.id_veiculo || '-' || cast(cast(floor(viagens.partida) as bigint) as text) || '-'
        || coalesce(trocas.outra_linha, viagens.linha) as id_viagem,
        viagens.{{ colunas | reject('in', ['linha', 'rotulo', 'sentido_no_rotulo']) | join(',\n        viagens.') }},
        coalesce(trocas.outra_linha, viagens.linha) as linha,
        case when trocas.outra_linha is null then viagens.rotulo else 0 end as rotulo,
        case when trocas.outra_linha is null then viagens.outra_linha end as outra_linha,
        viagens.pelo_rotulo
    from numeradas as viagens
    left join trocas on viagens.numero = trocas.numero
)

select * from final
