-- One row is a signal of a vehicle on the part of a service day that is rebuilt: the input of the search for trips.
--
-- Where a day is not rebuilt from its beginning, the earlier signals that matter to the rest are included. Signals
-- whose position or stamp cannot be true are left out; those of a clock that is ahead get another time.

{% set colunas = [
    'timestamp_gps', 'servico', 'sentido_informado', 'velocidade_instantanea', 'flag_em_movimento', 'direcao', 'latitude', 'longitude', 'distancia',
    'desvio_ida_m', 'distancia_ida_m', 'desvio_volta_m', 'distancia_volta_m'
] %}
{% set antes_do_corte = var('viagem_silencio_segundos') + 2 * var('viagem_vizinho_segundos') %}

with sinais as (
    {% if changed_days_only() %}
    select
        dias.id_veiculo,
        dias.dia_operacao,
        dias.veiculo_dia,
        do_dia.*
    from {{ ref('int_viagens__dias') }} as dias
    cross join lateral (
        select
            {{ sent_at('gps') }} as enviado_em,
            {{ colunas | join(',\n            ') }}
        from {{ ref('gps_brt') }} as gps
        where
            {{ can_be_placed('gps') }}
            and gps.id_veiculo = dias.id_veiculo
            and gps.timestamp_gps >= {{ moment_of('coalesce(dias.corte - ' ~ antes_do_corte ~ ', dias.comeca)') }}
            -- The stamp finds the rows by its index; a clock that is ahead is at most this much ahead.
            and gps.timestamp_gps < {{ latest_stamp_before(moment_of('dias.termina')) }}
            and {{ epoch_seconds(sent_at('gps')) }} >= dias.comeca
            and {{ epoch_seconds(sent_at('gps')) }} < dias.termina
        {{ join_one_by_one() }}
    ) as do_dia
    {% else %}
    select
        dias.id_veiculo,
        dias.dia_operacao,
        dias.veiculo_dia,
        datados.enviado_em,
        datados.{{ colunas | join(',\n        datados.') }}
    from (
        select
            gps.id_veiculo,
            {{ service_day_sent('gps') | indent(12) }} as dia_do_relogio,
            {{ sent_at('gps') }} as enviado_em,
            gps.{{ colunas | join(',\n            gps.') }}
        from {{ ref('gps_brt') }} as gps
        where {{ can_be_placed('gps') }}
    ) as datados
    left join {{ ref('int_viagens__viradas') }} as viradas
        on datados.id_veiculo = viradas.id_veiculo and datados.dia_do_relogio = viradas.dia_operacao
    inner join {{ ref('int_viagens__dias') }} as dias
        on
            datados.id_veiculo = dias.id_veiculo
            and dias.dia_operacao = case
                when {{ epoch_seconds('datados.enviado_em') }} < viradas.virada
                    then {{ days_after('datados.dia_do_relogio', -1) }}
                else datados.dia_do_relogio
            end
    {% endif %}
),

numerados as (
    select
        sinais.*,
        {{ epoch_seconds('enviado_em') }} as segundo,
        row_number() over (partition by veiculo_dia, {{ epoch_seconds('enviado_em') }} order by timestamp_gps) as repeticao
    from sinais
),

final as (
    select
        id_veiculo,
        dia_operacao,
        veiculo_dia,
        segundo,
        row_number() over dia as ordem,
        lag(segundo) over dia as segundo_anterior,
        lead(segundo) over dia as segundo_seguinte,
        servico,
        lag(servico) over dia as servico_anterior,
        sentido_informado,
        velocidade_instantanea as velocidade,
        lag(velocidade_instantanea) over dia as velocidade_anterior,
        coalesce(flag_em_movimento, false) as em_movimento,
        radians({{ heading('direcao', 'velocidade_instantanea') }}) as rumo,
        {{ east_m('longitude') }} as leste_m,
        {{ north_m('latitude') }} as norte_m,
        coalesce(distancia, 0) as distancia_m,
        desvio_ida_m,
        distancia_ida_m,
        desvio_volta_m,
        distancia_volta_m
    from numerados
    where repeticao = 1
    window dia as (partition by veiculo_dia order by segundo)
)

select * from final
