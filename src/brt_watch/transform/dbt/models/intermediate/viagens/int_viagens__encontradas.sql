-- One row is a trip of a vehicle: whole by its label, or found by movement.

{% set colunas = [
    'percurso', 'veiculo_dia', 'id_veiculo', 'dia_operacao', 'linha', 'sentido', 'inicio', 'fim', 'saiu', 'chegou', 'de_m', 'ate_m', 'comprimento_m', 'sinais',
    'rotulo', 'do_terminal', 'ao_terminal', 'media_ms', 'partida', 'chegada'
] %}

with juntas as (
    select
        {{ colunas | join(',\n        ') }},
        cast(null as text) as outra_linha,
        1 as pelo_rotulo
    from {{ ref('int_viagens__completas') }}
    union all
    select
        {{ colunas | join(',\n        ') }},
        outra_linha,
        0 as pelo_rotulo
    from {{ ref('int_viagens__escolhidas') }}
),

final as (
    select
        row_number() over (order by id_veiculo, partida, linha, sentido) as numero,
        id_veiculo || '-' || cast(cast(floor(partida) as bigint) as text) || '-' || linha as id_viagem,
        juntas.*
    from juntas
)

select * from final
