-- One row is a station that a version of a line serves in one direction, with its place on the path.
{{ config(indexes=[{'columns': ['linha', 'sentido']}]) }}

with final as (
    select
        estacoes.linha,
        estacoes.sentido,
        versoes.primeiro_dia,
        versoes.ultimo_dia,
        estacoes.ordem,
        estacoes.estacao_id,
        estacoes.distancia_m,
        max(estacoes.distancia_m) over percurso as comprimento_m,
        max(estacoes.ordem) over percurso as estacoes
    from {{ ref('linha_estacoes') }} as estacoes
    inner join {{ ref('int_rede__versoes') }} as versoes
        on estacoes.linha = versoes.linha and estacoes.valido_desde = versoes.valido_desde
    where estacoes.distancia_m is not null
    window percurso as (partition by estacoes.linha, estacoes.sentido, versoes.primeiro_dia)
)

select * from final
