{% macro delete_stale_days() -%}
{#- After a run: delete what older runs wrote about days of vehicles that have changed since. The rows of such a day are all
    made again, so an older one is of a trip that is none any more. -#}
{%- if is_incremental() -%}
delete from {{ this }}
where
    derived_by < {{ derived_by() }}
    and id_veiculo || ' ' || cast(dia_operacao as text) in (
        select id_veiculo || ' ' || cast(dia_operacao as text)
        from {{ ref('int_viagens__sinais') }}
    )
{%- else -%}
select 1 as nothing_to_delete
{%- endif -%}
{%- endmacro %}

{% macro changed_service_days() -%}
{#- The service days that a run makes again, whole: those of which a vehicle has changed. -#}
(select distinct dia_operacao from {{ ref('int_viagens__sinais') }})
{%- endmacro %}

{% macro delete_stale_service_days() -%}
{#- After a run: delete what older runs wrote about service days that this one has made again. -#}
{%- if is_incremental() -%}
delete from {{ this }}
where derived_by < {{ derived_by() }} and dia_operacao in {{ changed_service_days() }}
{%- else -%}
select 1 as nothing_to_delete
{%- endif -%}
{%- endmacro %}
