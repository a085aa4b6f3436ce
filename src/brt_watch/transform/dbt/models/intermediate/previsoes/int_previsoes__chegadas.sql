-- One row is a vehicle reaching a station of its line in the last hours, as the signals show it, and when that was known.
--
-- Emptied and filled at each run: on Postgres, the views that stand on it would go with a table that is replaced.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_all_rows() }}"
) }}

with recentes as (
    select *
    from {{ ref('gps_brt') }}
    where
        not flag_fora_da_area
        and timestamp_gps >= (select max(captured_at) from {{ ref('posicao_atual') }}) - {{ seconds(7200) }}
        -- Excludes nothing, but makes Postgres expect few rows and use the index.
        and timestamp_gps <= (select max(captured_at) from {{ ref('posicao_atual') }}) + {{ seconds(7200) }}
),

{{ stations_reached('recentes') }},

final as (
    select
        alcancadas.id_veiculo,
        alcancadas.linha,
        alcancadas.sentido,
        alcancadas.ordem,
        alcancadas.estacao_id,
        alcancadas.segundo,
        alcancadas.sabido
    from alcancadas
)

select * from final
