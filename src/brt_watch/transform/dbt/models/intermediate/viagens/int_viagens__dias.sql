-- One row is a vehicle and a service day in which something has changed: where trips are searched for.
--
-- The day is rebuilt from the middle of a whole trip before which nothing can change (int_viagens__cortes), or from its
-- beginning where there is none. The day of a vehicle begins and ends between trips (int_viagens__viradas).

{% set so_mudados = changed_days_only() %}
{% set ha_cortes = so_mudados and has_table('int_viagens__cortes') %}

with por_relogio as (
    select
        id_veiculo,
        dia_operacao,
        min({{ epoch_seconds('enviado_em') }}) as mudou
    from (
        select
            gps.id_veiculo,
            {{ service_day_sent('gps') | indent(12) }} as dia_operacao,
            {{ sent_at('gps') }} as enviado_em
        from {{ ref('gps_brt') }} as gps
        where {{ can_be_placed('gps') }}{% if so_mudados %} and gps.{{ changed_since_the_last_run() }}{% endif %}
    ) as sinais
    group by id_veiculo, dia_operacao
),

-- A change up to the turn of a vehicle is one of the day before, too; where the turn may have moved, of the whole new day.
mudados as (
    select
        id_veiculo,
        dia_operacao,
        min(mudou) as mudou
    from (
        select
            id_veiculo,
            dia_operacao,
            mudou
        from por_relogio
        union all
        select
            por_relogio.id_veiculo,
            {{ days_after('por_relogio.dia_operacao', -1) }} as dia_operacao,
            por_relogio.mudou
        from por_relogio
        inner join {{ ref('int_viagens__viradas') }} as viradas
            on por_relogio.id_veiculo = viradas.id_veiculo and por_relogio.dia_operacao = viradas.dia_operacao
        where por_relogio.mudou {{ '<=' if so_mudados else '<' }} viradas.virada
        {% if so_mudados %}
        union all
        select
            id_veiculo,
            dia_operacao,
            {{ epoch_seconds(service_day_start('dia_operacao')) }} as mudou
        from {{ ref('int_viagens__viradas') }}
        where derived_by = {{ derived_by() }}
        {% endif %}
    ) as dos_dois_dias
    group by id_veiculo, dia_operacao
),

{% if ha_cortes %}
cortes as (
    select
        mudados.id_veiculo,
        mudados.dia_operacao,
        cortes.corte,
        cortes.chegada,
        row_number() over (partition by mudados.id_veiculo, mudados.dia_operacao order by cortes.corte desc) as ordem
    from mudados
    inner join {{ table_of_before('int_viagens__cortes') }} as cortes
        on
            mudados.id_veiculo = cortes.id_veiculo
            and mudados.dia_operacao = cortes.dia_operacao
            and cortes.certo_desde <= mudados.mudou
    where
        -- A run that failed midway may have written one table and not another.
        cortes.derived_by <= {{ last_whole_run() }}
        and not exists (
            select 1
            from {{ table_of_before('viagens') }} as outras
            where
                outras.id_veiculo = cortes.id_veiculo
                and outras.dia_operacao = cortes.dia_operacao
                and outras.id_viagem != cortes.id_viagem
                and outras.partida < {{ moment_of('cortes.corte + ' ~ var('corte_folga_segundos')) }}
                and outras.chegada > {{ moment_of('cortes.corte - ' ~ var('corte_folga_segundos')) }}
        )
),
{% else %}
cortes as (
    select
        cast(null as text) as id_veiculo,
        cast(null as date) as dia_operacao,
        cast(null as bigint) as corte,
        cast(null as double precision) as chegada,
        1 as ordem
),
{% endif %}

-- A number names vehicle and day from here on: numbers sort and join several times faster than texts.
final as (
    select
        row_number() over (order by mudados.id_veiculo, mudados.dia_operacao) as veiculo_dia,
        mudados.id_veiculo,
        mudados.dia_operacao,
        mudados.mudou,
        coalesce(inicios.virada, {{ epoch_seconds(service_day_start('mudados.dia_operacao')) }}) as comeca,
        coalesce(fins.virada, {{ epoch_seconds(service_day_start(days_after('mudados.dia_operacao', 1))) }}) as termina,
        cortes.corte,
        cortes.chegada as chegada_do_corte
    from mudados
    left join {{ ref('int_viagens__viradas') }} as inicios
        on mudados.id_veiculo = inicios.id_veiculo and mudados.dia_operacao = inicios.dia_operacao
    left join {{ ref('int_viagens__viradas') }} as fins
        on mudados.id_veiculo = fins.id_veiculo and {{ days_after('mudados.dia_operacao', 1) }} = fins.dia_operacao
    left join cortes
        on mudados.id_veiculo = cortes.id_veiculo and mudados.dia_operacao = cortes.dia_operacao and cortes.ordem = 1
)

select * from final
