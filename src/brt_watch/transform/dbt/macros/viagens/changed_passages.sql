{% macro changed_days_with_ends() -%}
{#- The service days that a run rebuilds whole, each with the one before it, its beginning and its end. -#}
(
    select
        dia_operacao as dia,
        {{ days_after('dia_operacao', -1) }} as vespera,
        {{ service_day_start('dia_operacao') }} as inicio,
        {{ service_day_start(days_after('dia_operacao', 1)) }} as fim
    from {{ changed_service_days() }} as mudados
)
{%- endmacro %}

{% macro on_the_day_before(column) -%}
{#- Whether a day is the one before a service day that a run rebuilds whole. -#}
{{ is_one_of(column, '(select vespera from ' ~ changed_days_with_ends() ~ ' as dias)') }}
{%- endmacro %}

{% macro passages_of_changed_days() -%}
{#- The passages of the service days that a run rebuilds whole, by the day in which a bus leaves the station
    (`dia_da_passagem`): the trips of a night go on after the day to which they belong. -#}
(
    select *
    from (
        select
            passagens.*,
            dias.dia as dia_da_passagem
        from {{ ref('passagens') }} as passagens
        inner join {{ changed_days_with_ends() }} as dias
            on passagens.dia_operacao = dias.dia and passagens.partida < dias.fim
        where {{ in_changed_service_days('passagens.dia_operacao') }}
        union all
        select
            passagens.*,
            dias.dia as dia_da_passagem
        from {{ changed_days_with_ends() }} as dias
        inner join {{ ref('viagens') }} as viagens
            on dias.vespera = viagens.dia_operacao and dias.inicio <= viagens.chegada
        inner join {{ ref('passagens') }} as passagens
            on
                viagens.id_veiculo = passagens.id_veiculo
                and viagens.dia_operacao = passagens.dia_operacao
                and viagens.id_viagem = passagens.id_viagem
                and dias.inicio <= passagens.partida
        where
            {{ on_the_day_before('viagens.dia_operacao') }}
            and {{ on_the_day_before('passagens.dia_operacao') }}
    ) as passadas
    {{ join_first() }}
)
{%- endmacro %}
