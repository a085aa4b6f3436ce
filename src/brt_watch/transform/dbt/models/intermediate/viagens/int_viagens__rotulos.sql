-- One row is a line in one direction with whose label a vehicle drove on a service day.

with rotulos as (
    select distinct
        veiculo_dia,
        id_veiculo,
        dia_operacao,
        servico
    from {{ ref('int_viagens__sinais') }}
),

final as (
    select
        row_number() over (order by rotulos.veiculo_dia, percursos.linha, percursos.sentido) as percurso,
        rotulos.veiculo_dia,
        rotulos.id_veiculo,
        rotulos.dia_operacao,
        0 as bloco,
        percursos.linha,
        percursos.sentido,
        percursos.comprimento_m,
        {{ service_day_start('rotulos.dia_operacao') }} as inicio_do_dia
    from rotulos
    inner join {{ ref('int_rede__estacoes') }} as percursos
        on
            rotulos.servico = percursos.linha
            and rotulos.dia_operacao between percursos.primeiro_dia and percursos.ultimo_dia
            and percursos.ordem = percursos.estacoes
)

select * from final
