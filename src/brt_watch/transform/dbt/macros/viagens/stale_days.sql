{% macro of_the_changed_days(table, after='') -%}
{#- Whether a row belongs to a vehicle's day that this run rebuilds, and lies after the cut. -#}
{{ is_one_of(table ~ '.dia_operacao', '(select distinct dia_operacao from ' ~ ref('int_viagens__dias') ~ ')') }}
and exists (
    select 1
    from {{ ref('int_viagens__dias') }} as dias
    where
        dias.id_veiculo = {{ table }}.id_veiculo
        and dias.dia_operacao = {{ table }}.dia_operacao
        {{ after }}
)
{%- endmacro %}

{% macro delete_after_the_cuts(moment) -%}
{#- After a run: delete the rows that older runs wrote for the vehicle days that this one rebuilt, from the cuts on:
    all rows there are rewritten, so an older one belongs to a trip that no longer exists. `moment` is a column, in epoch
    seconds or with zone. -#}
{%- if is_incremental() -%}
{%- set after = '>= ' ~ moment_of('dias.corte') if moment == 'partida' else '> dias.corte' -%}
delete from {{ this }}
where
    derived_by < {{ derived_by() }}
    and {{ of_the_changed_days(this, 'and (dias.corte is null or ' ~ this ~ '.' ~ moment ~ ' ' ~ after ~ ')') }}
{%- else -%}
select 1 as nothing_to_delete
{%- endif -%}
{%- endmacro %}

{% macro delete_without_trips() -%}
{#- After a run: delete rows of older runs for trips that `viagens` no longer has, or has in another form. -#}
{%- if is_incremental() -%}
delete from {{ this }}
where
    derived_by < {{ derived_by() }}
    and {{ of_the_changed_days(this) }}
    and not exists (
        select 1
        from {{ ref('viagens') }} as viagens
        where
            viagens.id_veiculo = {{ this }}.id_veiculo
            and viagens.dia_operacao = {{ this }}.dia_operacao
            and viagens.id_viagem = {{ this }}.id_viagem
            and viagens.derived_by < {{ derived_by() }}
    )
{%- else -%}
select 1 as nothing_to_delete
{%- endif -%}
{%- endmacro %}

{% macro changed_service_days() -%}
{#- The service days that a run rebuilds whole: those in which a vehicle has changed, and those into which its trips reach. -#}
(
    select dia_operacao
    from {{ ref('int_viagens__dias') }}
    union
    select {{ days_after('dia_operacao', 1) }} as dia_operacao
    from {{ ref('int_viagens__dias') }}
    where termina > {{ epoch_seconds(service_day_start(days_after('dia_operacao', 1))) }}
)
{%- endmacro %}

{% macro is_one_of(day, days) -%}
{#- Whether a day is one of those of a subquery, for a table that keeps years. Of a subquery Postgres expects most days and reads
    the whole history; it expects ten days of an array, and finds them by the index. -#}
{%- if target.type == 'postgres' -%}
{{ day }} = any(array{{ days }})
{%- else -%}
{{ day }} in {{ days }}
{%- endif -%}
{%- endmacro %}

{% macro in_changed_service_days(column) -%}
{#- Whether a day is one of those that a run rebuilds whole. -#}
{{ is_one_of(column, changed_service_days()) }}
{%- endmacro %}

{% macro near_changed_service_days(moment) -%}
{#- Whether a moment lies between the beginning of the first of these days and the end of the last one. Chooses rows by their index
    before their day is worked out. -#}
{{ moment }} between (select {{ service_day_start('min(dia_operacao)') }} from {{ changed_service_days() }} as mudados)
and (select {{ service_day_start(days_after('max(dia_operacao)', 1)) }} from {{ changed_service_days() }} as mudados)
{%- endmacro %}

{% macro delete_changed_service_days() -%}
{#- Before a run: delete the rows of the service days that it rebuilds. Found by their index; dbt would find them by the new rows,
    and read the whole history for that. -#}
{%- if is_incremental() -%}
delete from {{ this }}
where {{ in_changed_service_days('dia_operacao') }}
{%- else -%}
select 1 as nothing_to_delete
{%- endif -%}
{%- endmacro %}

{% macro delete_all_rows() -%}
{#- Before a run: empty a table that an earlier run filled. -#}
{%- if is_incremental() -%}delete from {{ this }}{%- else -%}select 1 as nothing_to_delete{%- endif -%}
{%- endmacro %}
